"""Every way in which a DAG run can end, what Airflow then stores, and what each channel reports, as data."""

from __future__ import annotations

from tests.outcome_matrix import actions
from tests.outcome_matrix.channels import Channel
from tests.outcome_matrix.expectations import (
    DIVISION,
    EXPIRED,
    FALSE,
    FINISHED,
    LOST,
    LOST_TASK,
    NOT_TOLD,
    NOTHING,
    STUCK,
    TIMED_OUT,
    Difference,
    Scenario,
    by,
    failed,
)

TELLS_OF_A_SKIPPED_CHECK = [
    Difference(
        on="<3.2",
        why="Airflow gives the callback the run's conf here too, so callbacks on the DAG report FALSE.",
        expected=by(dag=FALSE),
    ),
    Difference(on="==3.0.*", why="Callbacks on the DAG do not see the skipped check.", expected=by(dag=FINISHED)),
]
NO_RETRY = "Airflow fails a task whose process is killed, and does not try it again, whatever its `retries`."
TELLS_OF_SKIPPED_TASKS = Difference(
    on="<3.2",
    why="Airflow gives the callback the run's conf here too, so callbacks on the DAG report FINISHED.",
    expected=by(dag=FINISHED),
)
TERMINATED = failed("airflow.exceptions.AirflowTaskTerminated", "Task received SIGTERM signal")
NO_TRIGGER = failed("airflow.exceptions.TaskDeferralError", "Trigger/execution timeout")
MALFORMED = failed("airflow.exceptions.AirflowFailException", "the input is malformed")
CALLS_FOR_THE_DEAD = Difference(
    on="<3", why="Airflow also calls the callbacks of a task that was killed.", expected=by(task=LOST_TASK)
)
ENDS_BY_SIGTERM = Difference(
    on="<3",
    why="A task that gets SIGTERM fails.",
    state="failed",
    expected=by(task=TERMINATED, dag=TERMINATED, operator=TERMINATED),
)
LETS_CALLBACKS_END = "Airflow does not limit how long a task's callbacks take."

FAILS_BY_OPERATOR = {Channel.OPERATOR: "failed"}

SCENARIOS = [
    Scenario(
        name="1", what="a task raises", target="fails", state="failed", expected=by(DIVISION),
        includes="ZeroDivisionError",
    ),
    Scenario(
        name="2", what="a task raises in both of its tries", target="fails_after_retry", state="failed",
        expected=by(DIVISION), includes="try 2 of 2",
    ),
    Scenario(
        name="2'", what="a task raises, its second try succeeds", target="recovers", state="success",
        expected=by(FINISHED),
    ),
    Scenario(
        name="2r", what="the same, with `report_failed` called on retry too", target="recovers_with_a_report_on_retry",
        state="success", expected=by(task=FINISHED),
    ),
    Scenario(name="3", what="success", target="succeeds", state="success", expected=by(FINISHED)),
    Scenario(
        name="4", what="every task is skipped", target="skips", state="success",
        expected=by(FINISHED, task=NOTHING, dag=NOTHING), differs=[TELLS_OF_SKIPPED_TASKS],
    ),
    Scenario(name="4'", what="some tasks are skipped", target="skips_some", state="success", expected=by(FINISHED)),
    Scenario(
        name="5", what="AirflowFailException with retries left", target="forbids_retries", state="failed",
        expected=by(failed("airflow.sdk.exceptions.AirflowFailException", "the input is malformed")),
    ),
    Scenario(
        name="6", what="`execution_timeout`", target="times_out", state="failed",
        expected=by(failed("airflow.sdk.exceptions.AirflowTaskTimeout", "Timeout, PID: *")),
    ),
    Scenario(
        name="7a", what="SIGKILL of the task's process", target="lingers", state="failed",
        expected=by(LOST, task=NOTHING), action=actions.kill_task, differs=[CALLS_FOR_THE_DEAD],
    ),
    Scenario(
        name="7a'", what="SIGKILL in the first try, the second succeeds", target="lingers_once", state="success",
        expected=by(FINISHED), action=actions.kill_task,
        differs=[
            Difference(
                on="==3.0.*", why=NO_RETRY, state="failed",
                expected=by(LOST, task=NOTHING, dag=NOT_TOLD),
            ),
        ],
    ),
    Scenario(
        name='7a"', what="SIGKILL in both tries", target="lingers_twice", state="failed",
        expected=by(LOST, task=NOTHING), action=actions.kill_task_twice, slow=True,
        differs=[CALLS_FOR_THE_DEAD, Difference(on="==3.0.*", why=NO_RETRY, action=actions.kill_task)],
    ),
    Scenario(
        name="7a (exit)", what="`os._exit` in the task", target="dies", state="failed", expected=by(LOST, task=NOTHING),
        differs=[CALLS_FOR_THE_DEAD],
    ),
    Scenario(
        name="7b", what="SIGKILL of the task's supervisor", target="lingers", state="failed",
        expected=by(LOST, task=LOST_TASK), action=actions.kill_supervisor, slow=True,
    ),
    Scenario(
        name="7b'", what="SIGKILL of the supervisor in both tries", target="lingers_twice", state="failed",
        expected=by(LOST, task=LOST_TASK), action=actions.kill_supervisor_twice, slow=True,
    ),
    Scenario(
        name="7c", what="loss of the worker node", target="lingers", state="failed",
        expected=by(LOST, task=LOST_TASK), action=actions.kill_both, slow=True,
    ),
    Scenario(
        name="7d", what="SIGTERM to the supervisor", target="outlives_signals", state="success",
        expected=by(FINISHED), action=actions.terminate_supervisor, differs=[ENDS_BY_SIGTERM],
    ),
    Scenario(
        name="7e", what="SIGTERM to the task", target="outlives_signals", state="success",
        expected=by(FINISHED), action=actions.terminate_task, differs=[ENDS_BY_SIGTERM],
    ),
    Scenario(
        name="7f", what="SystemExit in the task", target="exits", state="failed",
        expected=by(failed("SystemExit", "3")),
        differs=[
            Difference(
                on="<3", why="Airflow gives the callback a text instead of the exception.",
                expected=by(
                    task=failed("AirflowTaskFailed", "Task failed due to SystemExit(3)"), dag=LOST, operator=LOST
                ),
            ),
        ],
    ),
    Scenario(
        name="8", what="`dagrun_timeout`", target="run_times_out", state="failed",
        expected=by(task=NOTHING, dag=TIMED_OUT, operator=NOTHING, runner=LOST),
    ),
    Scenario(
        name="9a", what="run marked failed by hand", target="lingers", state="failed",
        expected=by(NOTHING, runner=LOST), action=actions.mark_run("failed"),
    ),
    Scenario(
        name="9b", what="run marked success by hand", target="lingers", state="success",
        expected=by(NOTHING, runner=FINISHED), action=actions.mark_run("success"),
    ),
    Scenario(
        name="9c, x3", what="run marked failed by hand, a teardown still to come", target="lingers_and_tears_down",
        state="failed", expected=by(NOTHING, dag=LOST, runner=LOST), action=actions.mark_run("failed"),
    ),
    Scenario(
        name="10a", what="task marked failed by hand", target="lingers", state="failed",
        expected=by(LOST, task=NOTHING), action=actions.mark_task("failed"),
    ),
    Scenario(
        name="10b", what="task marked success by hand", target="lingers", state="success",
        expected=by(FINISHED, task=NOTHING), action=actions.mark_task("success"),
    ),
    Scenario(
        name="11a", what="a trigger raises", target="defers_to_an_error", state="failed",
        expected=by(failed("airflow.sdk.exceptions.TaskDeferralError", "Trigger failure")),
    ),
    Scenario(
        name="11a'", what="a trigger raises in both tries", target="defers_to_an_error_twice", state="failed",
        expected=by(failed("airflow.sdk.exceptions.TaskDeferralError", "Trigger failure")), slow=True,
    ),
    Scenario(
        name="11b", what="a deferred task's timeout", target="defers_too_long", state="failed",
        expected=by(failed("airflow.sdk.exceptions.TaskDeferralTimeout", "Trigger timeout")),
        differs=[
            Difference(
                on="<3", why="Airflow has one exception for all ends of a trigger.",
                expected=by(task=NO_TRIGGER, dag=NO_TRIGGER, operator=NO_TRIGGER),
            ),
        ],
    ),
    Scenario(
        name="11c", what="a deferred task resumes and raises", target="resumes_to_fail", state="failed",
        expected=by(failed("LookupError", "the answer was no")),
    ),
    Scenario(
        name="11d", what="a deferred task resumes and succeeds", target="defers", state="success", expected=by(FINISHED)
    ),
    Scenario(
        name="11e", what="a trigger ends its task with success", target="trigger_succeeds", state="success",
        expected=by(FINISHED, task=NOTHING),
    ),
    Scenario(
        name="11f", what="a trigger ends its task with failure", target="trigger_fails", state="failed",
        expected=by(LOST, task=NOTHING),
    ),
    Scenario(
        name="12", what="a task fails, another cannot start", target="cascades", state="failed", expected=by(DIVISION)
    ),
    Scenario(
        name="13", what="cleared after its success was reported, then fails", target="fails_when_cleared",
        state="failed", verdict="success", expected=by(FINISHED), action=actions.clear_after_report, slow=True,
    ),
    Scenario(
        name='13"', what="cleared after its failure was reported, then succeeds", target="succeeds_when_cleared",
        state="success", verdict="failed", expected=by(DIVISION), action=actions.clear_after_report, slow=True,
    ),
    Scenario(
        name="13'", what="cleared while it runs, then succeeds", target="lingers_once", state="success",
        expected=by(FINISHED), action=actions.clear_while_running, slow=True,
        differs=[
            Difference(
                on="==3.0.*", state="running", states={Channel.RUNNER: "failed"}, worker_group="bounded",
                why="Airflow leaves the task `restarting` and the run `running` for ever. `run_timeout` is set here.",
                expected=by(NOTHING, runner=STUCK),
            ),
            Difference(
                on="<3", why="Airflow's API does not clear a task that runs, so the suite uses Airflow's command.",
                action=actions.clear_while_running_by_command,
            ),
        ],
    ),
    Scenario(
        name="14a", what="a task fails, its teardown succeeds", target="fails_and_tears_down", state="failed",
        expected=by(DIVISION),
    ),
    Scenario(
        name="14b, n5", what="a task fails, a last task with `all_done` succeeds", target="masks_its_failure",
        state="success", states=FAILS_BY_OPERATOR, expected=by(FINISHED, task=DIVISION, operator=DIVISION),
    ),
    Scenario(
        name="14c", what="a teardown fails", target="teardown_fails", state="success", expected=by(FINISHED)
    ),
    Scenario(
        name="14c'", what="last task marked success by hand, a teardown fails", target="teardown_fails_after_mark",
        state="success", expected=by(FINISHED, task=NOTHING), action=actions.mark_task("success"),
    ),
    Scenario(
        name="s16", what="another callback raises, before ours", target="callback_raises", state="failed",
        expected=by(DIVISION),
    ),
    Scenario(
        name="s17", what="another callback, before ours, is slow (success)", target="success_callback_is_slow",
        state="success", expected=by(FINISHED, task=NOTHING), slow=True,
        differs=[Difference(on="<3", why=LETS_CALLBACKS_END, expected=by(task=FINISHED))],
    ),
    Scenario(
        name="s17'", what="another callback, before ours, is slow (failure)", target="failure_callback_is_slow",
        state="failed", expected=by(LOST, task=NOTHING), slow=True,
        differs=[
            Difference(
                on="<3", why=LETS_CALLBACKS_END, expected=by(task=DIVISION, dag=DIVISION, operator=DIVISION)
            ),
        ],
    ),
    Scenario(
        name="s18", what="another callback, before ours, raises SystemExit", target="callback_exits", state="failed",
        expected=by(LOST, task=NOTHING),
        differs=[
            Difference(
                on="<3", inapplicable=list(Channel),
                why="Not tried: the callback ends the process that calls all callbacks of the file, time and again.",
            ),
        ],
    ),
    Scenario(
        name="s19", what="the DAG is missing when its task starts, then back", target="missing_at_start",
        state="success", expected=by(FINISHED), slow=True,
        differs=[
            Difference(
                on="==3.0.*", why="Airflow fails the task, and does not try it again.", state="failed",
                expected=by(LOST, task=NOTHING, dag=NOT_TOLD),
            ),
        ],
    ),
    Scenario(
        name="s20", what="a template cannot be rendered", target="template_fails", state="failed",
        expected=by(failed("jinja2.exceptions.UndefinedError", "'nothing' is undefined")),
    ),
    Scenario(
        name="n1", what="a report with templates", target="reports_by_template", state="failed",
        expected=by(task=failed("ValueError", "<run id> failed"), dag=failed("ValueError", "<run id> failed")),
        differs=[
            Difference(
                on="==3.0.*", why="The error id is `AirflowDagRunFailed`, with the author's message.",
                expected=by(dag=failed("AirflowDagRunFailed", "<run id> failed", detailed=False)),
            ),
        ],
    ),
    Scenario(
        name="n2", what="a report with templates, every task is skipped", target="skips_by_template", state="success",
        expected=by(task=NOTHING, dag=NOTHING), differs=[TELLS_OF_SKIPPED_TASKS],
    ),
    Scenario(
        name="n3", what="AirflowFailException, then a slow callback after ours: Airflow runs the task again",
        target="fails_slowly_for_good", state="failed", slow=True,
        expected=by(LOST, task=failed("airflow.sdk.exceptions.AirflowFailException", "the input is malformed")),
        differs=[
            Difference(on="<3", why=LETS_CALLBACKS_END, expected=by(dag=MALFORMED, operator=MALFORMED)),
        ],
    ),
    Scenario(
        name="n3'", what="the same, and that further try succeeds", target="fails_slowly_then_succeeds",
        state="success", slow=True,
        expected=by(
            FINISHED, task=failed("airflow.sdk.exceptions.AirflowFailException", "the input is malformed")
        ),
        differs=[
            Difference(
                on="==3.0.*", why=NO_RETRY, state="failed",
                expected=by(operator=LOST, runner=LOST, dag=NOT_TOLD),
            ),
            Difference(
                on="<3", why=LETS_CALLBACKS_END, state="failed", expected=by(dag=MALFORMED, operator=MALFORMED)
            ),
        ],
    ),
    Scenario(name="n4", what="two tasks fail", target="fails_twice", state="failed", expected=by(DIVISION)),
    Scenario(
        name="n6", what="a task waits for a run of another DAG, which fails", target="waits_for_another_dag",
        state="failed", slow=True,
        expected=by(failed("airflow.sdk.exceptions.AirflowException", "child_that_fails failed with failed state*")),
    ),
    Scenario(
        name="mapped", what="one instance of a mapped task fails", target="fails_mapped", state="failed",
        expected=by(failed("LookupError", "shard 2 is missing")), includes="map index 2",
    ),
    Scenario(
        name="mapped'", what="every instance of a mapped task succeeds", target="succeeds_mapped", state="success",
        expected=by(FINISHED),
    ),
    Scenario(
        name='mapped"', what="two instances of a mapped task succeed at the same moment",
        target="succeeds_mapped_at_once", state="success", expected=by(FINISHED),
    ),
    Scenario(
        name="secret", what="the error has a secret in it", target="prints_a_secret", state="failed",
        expected=by(failed("RuntimeError", "cannot log in with ***")),
    ),
    Scenario(
        name="macro", what="a template uses our macro", target="uses_a_macro", state="success", expected=by(FINISHED)
    ),
    Scenario(
        name="empty", what="a DAG without tasks", target="empty", state="success",
        expected=by(dag=NOTHING, runner=failed("AirflowDagRunEmpty", "The DAG run succeeded without a task: *")),
    ),
    Scenario(
        name="unknown", what="the DAG does not exist", target="no_such_dag", state=None,
        expected=by(runner=failed("AirflowDagRunRefused", "No run of DAG 'no_such_dag__*' can be started: D?? with *")),
    ),
    Scenario(
        name="short", what="`short_circuit` skips all that follows", target="short_circuits", state="success",
        expected=by(FINISHED, task=NOTHING, operator=NOTHING),
    ),
    Scenario(
        name="false", what="an activity's last task returns False", target="returns_false", state="success",
        expected=by(FINISHED),
    ),
    Scenario(
        name="p1", what="precondition: returns True", target="returns_true", state="success", precondition=True,
        expected=by(FINISHED),
    ),
    Scenario(
        name="p2", what="precondition: returns False", target="returns_false", state="success", precondition=True,
        expected=by(FALSE),
    ),
    Scenario(
        name="p2'", what="precondition: one instance of a mapped task returns False", target="returns_false_once",
        state="success", precondition=True, expected=by(FALSE),
    ),
    Scenario(
        name="p3", what="precondition: is skipped", target="skips", state="success", precondition=True,
        expected=by(FALSE, task=NOTHING, dag=NOTHING), differs=TELLS_OF_A_SKIPPED_CHECK,
    ),
    Scenario(
        name="p4", what="precondition: short-circuits", target="short_circuits", state="success", precondition=True,
        expected=by(FALSE, task=NOTHING, operator=NOTHING),
    ),
    Scenario(
        name="p5", what="precondition: its check raises", target="fails", state="failed", precondition=True,
        expected=by(DIVISION),
    ),
    Scenario(
        name="p6", what="precondition: returns False, a teardown follows", target="returns_false_before_a_teardown",
        state="success", precondition=True, expected=by(FALSE),
    ),
    Scenario(
        name="p7", what="precondition: returns True, another last task is never reached",
        target="one_leaf_is_never_reached", state="success", precondition=True, expected=by(FALSE, task=FINISHED),
    ),
    Scenario(
        name="p8", what="precondition: one of two last tasks returns False", target="one_leaf_returns_false",
        state="success", precondition=True, expected=by(FALSE),
    ),
]  # fmt: skip

# On Airflow 2, tasks use the database directly, and a part of the scheduler reads the DAG files.
NO_SUCH_PART = Difference(on="<3", why="Airflow 2 has no such component.", inapplicable=list(Channel))

BREAKDOWNS = [
    Scenario(
        name="x1", what="the API server is down when a task fails", target="waits_to_fail", state="failed",
        expected=by(LOST, task=DIVISION), differs=[NO_SUCH_PART],
    ),
    Scenario(
        name="x2", what="the API server is down when a task succeeds", target="waits_to_succeed", state="failed",
        expected=by(LOST, task=LOST_TASK), differs=[NO_SUCH_PART],
    ),
    Scenario(
        name="l1", what="the dag-processor is killed in a callback of the DAG", target="slow_callback_of_the_dag",
        state="success", expected=by(FINISHED, dag=NOTHING), differs=[NO_SUCH_PART],
    ),
    Scenario(
        name="z1", what="the DAG file breaks while the run is active (`run_timeout` set)", target="breaks",
        state="running", expected=by(NOTHING, task=FINISHED, runner=STUCK), states={Channel.RUNNER: "failed"},
        worker_group="bounded",
        differs=[
            Difference(
                on="<3", why="The scheduler goes on with the DAG as it was. A task that starts after that fails.",
                state="success", states={Channel.OPERATOR: "failed"},
            ),
        ],
    ),
    Scenario(
        name="z1'", what="the same, with an `attemptTimeout` in the pipeline definition", target="breaks",
        state="failed", expected=by(runner=EXPIRED), fields={"attemptTimeout": "1 minute"},
    ),
]  # fmt: skip
