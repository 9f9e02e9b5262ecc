"""Seeds that are kept: the first one that finds each planted mistake on a tiny day, and small days that once went wrong.

The first column is what `python -m tests.sim.hunt` prints; a change of the simulation may ask for a new table.
"""

from __future__ import annotations

FOUND_BY = {
    "spool_forgets_before_sending": 2,
    "new_request_id_each_time": 1,
    "report_forgotten": 1,
    "every_slip_is_printed": 2,
    "unknown_is_told_as_not_sent": 1,
    "slip_again_after_doubt": 1,
    "job_sent_again_by_the_drivers": 2,
    "slip_of_the_person_before": 1,
    "slip_in_utc": 1,
    "intent_not_on_disk": 2,
    "withdrawn_after_sending": 2,
    "answer_of_another": 1,
    "resumes_nothing": 2,
    "strip_left_hanging": 2,
    "never_cut": 1,
    "torn_off_is_not_sent": 2,
    "board_keeps_the_served": 1,
    "board_counts_wrong": 1,
    "board_misses_an_undo": 1,
    "board_rings_twice": 2,
    "board_never_rings_again": 1,
    "snapshot_not_taken": 1,
    "cursor_moved_before_sending": 4,
    "version_not_raised": 1,
    "record_id_not_steady": 1,
    "feed_remembers_nothing": 4,
    "feed_misses_an_undo": 1,
    "page_dropped_after_trouble": 2,
    "feed_ends_with_the_call": 1,
}

# Small days on which something was wrong once.
# 14: a kiosk that started anew printed a slip before it knew the services' names. 42: a call and its recall in one millisecond.
KEPT = (14, 42)
