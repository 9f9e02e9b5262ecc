"""The door to the figures: everything that others use of them, and every definition in words.

Figures are folds over a day's visits: integer milliseconds, integer sums, whole-second histograms that merge exactly. A visit counts
on the business day of its issue. The rules stand in `metrics_steps` and `metrics_visits`, adding up in `metrics_figures`, the parts
of a day in `metrics_days`. `docs/metrics.md` has each with an example.
"""

from __future__ import annotations

from queue_server.domain.metrics_days import NOBODY, RULES, SPELLS, Days, days_of, grouped, half_hour
from queue_server.domain.metrics_figures import TARGETS_S, Figures, figures, shares
from queue_server.domain.metrics_spread import Spread
from queue_server.domain.metrics_steps import MARKS, elapsed_ms, estimated, service_ms
from queue_server.domain.metrics_visits import COUNTS

__all__ = [
    "COUNTS", "DEFINITIONS", "MARKS", "NOBODY", "RULES", "SPELLS", "TARGETS_S", "Days", "Figures", "Spread", "days_of", "elapsed_ms",
    "estimated", "figures", "grouped", "half_hour", "service_ms", "shares",
]  # fmt: skip

DEFINITIONS = {
    "issued": "visits whose number was issued on the business day",
    "arrived": "visits that came from another site with somebody who had taken the number there",
    "called": "of both, called at least once",
    "served": "of both, completed",
    "abandoned": "visits cancelled or closed by the end of the day without ever being called",
    "wait_s": "per step: first call minus available_from, never below 0; recalls do not restart it; whole seconds, rounded down",
    "wait_estimated_s": "those of the waits that began by a clock not known to be right; in no share",
    "before_opening_s": "per step: time between arrival and the service's opening, not in wait",
    "over_breaks_s": "per step: the part of wait that fell outside opening hours",
    "unserved_s": "per step never called and over: from available_from to its end, at most to the day's last closing; in no wait",
    "call_to_arrival_s": "per step called from the line once: explicit start minus first call minus time on hold before it",
    "service_s": "per step a clerk ended: end minus start minus time on hold; inferred starts and machine-closed steps left out",
    "on_hold_s": "per step with any: the time sent away to bring something; in neither wait nor service",
    "sojourn_s": "per step a clerk ended: end minus available_from",
    "wrap_up_s": "per stretch of paperwork after a person: from the clerk's word to the next call, resume, pause or close",
    "paused_s": "per pause of a counter, from the pause to its end; what the day's close ended is in neither",
    "shares": "per target: called within it, of those called plus those never called whose unserved time is longer; whole seconds",
    "visit.over": "visits that have ended; left_out of them are in no time of visits: voided, entered late, carried to another day",
    "visit.wait_s": "per visit over with every step called: the sum of its waits; first_wait is that of its first step",
    "visit.unserved_s": "per visit over with a step never called: its waits and its unserved time",
    "visit.service_s": "per completed visit all of whose service was observed: the sum",
    "visit.door_to_door_s": "per completed visit: last end minus first issue (turnaround); nothing taken out",
    "machine_closed": "ended by the close of the day: in no service time, sojourn, hold or door-to-door",
    "entered_late": "something was told after it had happened; such a step is in no time at all",
    "start_inferred": "ended without a start of service: in no service time and no call_to_arrival",
    "called_anew": "put back into the line or taken in again after an absence, and called again: in no call_to_arrival",
    "wait_negative": "called before available_from: the wait is 0",
    "clock_moved": "a kiosk alone told a time that cannot have been, more than 2 s off the one taken",
    "voided": "visits declared void: counted, and in no time",
    "priority": "visits with a priority class now; priority_confirmed and priority_refused are what an attendant decided",
    "carried": "visits that were not served on their day and waited again on the next; yesterday's step is in no wait",
    "percentile": "nearest rank on whole seconds: the smallest x with F(x) >= p",
    "mean": "sum of milliseconds divided by how many, rounded once to whole seconds, halves up",
    "parts": "a step counts for its own service and counter ('-': never called), a visit for those of its last step; half hours by coming",
}
