"""Seeds that are kept: the first one that finds each planted mistake on a tiny day, and small days that once went wrong.

The first column is what `python -m tests.sim.hunt` prints; a change of the simulation may ask for a new table.
"""

from __future__ import annotations

FOUND_BY = {
    "absent_stays_called": 1,
    "answer_of_another": 1,
    "board_misses_an_undo": 1,
    "board_rings_twice": 2,
    "chain_broken": 1,
    "completed_twice": 1,
    "day_in_utc": 1,
    "every_slip_is_printed": 1,
    "feed_misses_an_undo": 1,
    "intent_not_on_disk": 2,
    "job_sent_again_by_the_drivers": 2,
    "lease_from_the_ordinary_numbers": 1,
    "new_request_id_each_time": 1,
    "number_not_incremented": 1,
    "order_by_issue": 2,
    "orphan_not_reported": 3,
    "priority_forgotten": 2,
    "report_forgotten": 1,
    "row_of_the_log_lost": 1,
    "serving_not_written": 1,
    "settled_at_the_wrong_time": 1,
    "silence_is_consent": 2,
    "slip_again_after_doubt": 6,
    "slip_of_the_person_before": 1,
    "spool_forgets_before_sending": 1,
    "torn_off_is_not_sent": 4,
    "undo_doubles": 1,
    "undo_takes_back_half": 3,
    "version_not_raised": 1,
    "answer_not_stored": 1,
    "board_always_live": 7,
    "board_keeps_the_served": 1,
    "board_never_rings_again": 1,
    "called_to_another_counter": 1,
    "commit_believed_too_early": 3,
    "cursor_moved_before_sending": 7,
    "day_never_closed": 1,
    "feed_ends_with_the_call": 1,
    "feed_remembers_nothing": 4,
    "issued_at_again_and_again": 1,
    "label_without_noughts": 1,
    "never_cut": 1,
    "next_of_any_service": 1,
    "number_skipped": 1,
    "order_newest_first": 1,
    "page_dropped_after_trouble": 1,
    "record_id_not_steady": 1,
    "repeat_not_recognised": 1,
    "resumes_nothing": 2,
    "rows_missing_from_the_feed": 1,
    "settled_again": 1,
    "settling_forgets_some": 1,
    "site_time_runs_back": 1,
    "slip_in_utc": 1,
    "snapshot_not_taken": 1,
    "strip_left_hanging": 2,
    "undo_restores_nothing": 1,
    "unknown_is_told_as_not_sent": 2,
    "withdrawn_after_sending": 1,
}

# Planted, and not found within the days looked at so far.
SOUGHT: tuple[str, ...] = (
    "released_goes_to_the_end",
    "transfer_without_credit",
    "wrong_answer_kept",
    "board_counts_wrong",
)

# Small days on which something was wrong once.
# 14: a kiosk that started anew printed a slip before it knew the services' names. 42: a call and its recall in one millisecond.
KEPT = (14, 42)
