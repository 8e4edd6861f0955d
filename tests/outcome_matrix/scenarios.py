"""Every way in which a DAG run can end, what Airflow stores then, and what Data Pipeline is told, as data."""

from __future__ import annotations

from tests.outcome_matrix import actions
from tests.outcome_matrix.channels import Way
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
    Situation,
    by,
    failed,
)

TELLS_OF_A_SKIPPED_CHECK = [
    Difference(
        on="<3.2",
        why="Airflow gives the callback the run's conf here too, so callbacks on the DAG report that it does not hold.",
        expected=by(dag=FALSE),
    ),
    Difference(on="==3.0.*", why="Its callbacks on the DAG do not see that it was skipped.", expected=by(dag=FINISHED)),
]
NO_RETRY = "A task whose process is killed is failed, and not tried again, whatever its `retries`."
TELLS_OF_SKIPPED_TASKS = Difference(
    on="<3.2",
    why="Airflow gives the callback the run's conf here too, so callbacks on the DAG report FINISHED.",
    expected=by(dag=FINISHED),
)
TERMINATED = failed("airflow.exceptions.AirflowTaskTerminated", "Task received SIGTERM signal")
NO_TRIGGER = failed("airflow.exceptions.TaskDeferralError", "Trigger/execution timeout")
MALFORMED = failed("airflow.exceptions.AirflowFailException", "the input is malformed")
CALLS_FOR_THE_DEAD = Difference(
    on="<3", why="Airflow calls back for a task that was killed, too.", expected=by(task=LOST_TASK)
)
ENDS_BY_SIGTERM = Difference(
    on="<3",
    why="A task that gets SIGTERM fails.",
    state="failed",
    expected=by(task=TERMINATED, dag=TERMINATED, operator=TERMINATED),
)
LETS_CALLBACKS_END = "Airflow does not limit how long a task's callbacks take."

FAILS_BY_OPERATOR = {Way.OPERATOR: "failed"}

SITUATIONS = [
    Situation(
        name="1", what="a task raises", target="fails", state="failed", expected=by(DIVISION),
        includes="ZeroDivisionError",
    ),
    Situation(
        name="2", what="a task raises in both of its tries", target="fails_after_retry", state="failed",
        expected=by(DIVISION), includes="try 2 of 2",
    ),
    Situation(
        name="2'", what="a task raises, its second try succeeds", target="recovers", state="success",
        expected=by(FINISHED),
    ),
    Situation(
        name="2r", what="likewise, with `report_failed` called on retry too", target="recovers_with_a_report_on_retry",
        state="success", expected=by(task=FINISHED),
    ),
    Situation(name="3", what="success", target="succeeds", state="success", expected=by(FINISHED)),
    Situation(
        name="4", what="every task is skipped", target="skips", state="success",
        expected=by(FINISHED, task=NOTHING, dag=NOTHING), differs=[TELLS_OF_SKIPPED_TASKS],
    ),
    Situation(name="4'", what="some tasks are skipped", target="skips_some", state="success", expected=by(FINISHED)),
    Situation(
        name="5", what="AirflowFailException with retries left", target="forbids_retries", state="failed",
        expected=by(failed("airflow.sdk.exceptions.AirflowFailException", "the input is malformed")),
    ),
    Situation(
        name="6", what="`execution_timeout`", target="times_out", state="failed",
        expected=by(failed("airflow.sdk.exceptions.AirflowTaskTimeout", "Timeout, PID: *")),
    ),
    Situation(
        name="7a", what="SIGKILL of the task's process", target="lingers", state="failed",
        expected=by(LOST, task=NOTHING), act=actions.kill_task, differs=[CALLS_FOR_THE_DEAD],
    ),
    Situation(
        name="7a'", what="SIGKILL in the first try, the second succeeds", target="lingers_once", state="success",
        expected=by(FINISHED), act=actions.kill_task,
        differs=[
            Difference(
                on="==3.0.*", why=NO_RETRY, state="failed",
                expected=by(LOST, task=NOTHING, dag=NOT_TOLD),
            ),
        ],
    ),
    Situation(
        name='7a"', what="SIGKILL in both tries", target="lingers_twice", state="failed",
        expected=by(LOST, task=NOTHING), act=actions.kill_task_twice, slow=True,
        differs=[CALLS_FOR_THE_DEAD, Difference(on="==3.0.*", why=NO_RETRY, act=actions.kill_task)],
    ),
    Situation(
        name="7a (exit)", what="`os._exit` in the task", target="dies", state="failed", expected=by(LOST, task=NOTHING),
        differs=[CALLS_FOR_THE_DEAD],
    ),
    Situation(
        name="7b", what="SIGKILL of the task's supervisor", target="lingers", state="failed",
        expected=by(LOST, task=LOST_TASK), act=actions.kill_supervisor, slow=True,
    ),
    Situation(
        name="7b'", what="SIGKILL of the supervisor in both tries", target="lingers_twice", state="failed",
        expected=by(LOST, task=LOST_TASK), act=actions.kill_supervisor_twice, slow=True,
    ),
    Situation(
        name="7c", what="loss of the worker node", target="lingers", state="failed",
        expected=by(LOST, task=LOST_TASK), act=actions.kill_both, slow=True,
    ),
    Situation(
        name="7d", what="SIGTERM to the supervisor", target="outlives_signals", state="success",
        expected=by(FINISHED), act=actions.terminate_supervisor, differs=[ENDS_BY_SIGTERM],
    ),
    Situation(
        name="7e", what="SIGTERM to the task", target="outlives_signals", state="success",
        expected=by(FINISHED), act=actions.terminate_task, differs=[ENDS_BY_SIGTERM],
    ),
    Situation(
        name="7f", what="SystemExit in the task", target="exits", state="failed",
        expected=by(failed("SystemExit", "3")),
        differs=[
            Difference(
                on="<3", why="Airflow makes a text of it.",
                expected=by(
                    task=failed("AirflowTaskFailed", "Task failed due to SystemExit(3)"), dag=LOST, operator=LOST
                ),
            ),
        ],
    ),
    Situation(
        name="8", what="`dagrun_timeout`", target="run_times_out", state="failed",
        expected=by(task=NOTHING, dag=TIMED_OUT, operator=NOTHING, runner=LOST),
    ),
    Situation(
        name="9a", what="run marked failed by hand", target="lingers", state="failed",
        expected=by(NOTHING, runner=LOST), act=actions.mark_run("failed"),
    ),
    Situation(
        name="9b", what="run marked success by hand", target="lingers", state="success",
        expected=by(NOTHING, runner=FINISHED), act=actions.mark_run("success"),
    ),
    Situation(
        name="9c, x3", what="run marked failed by hand, a teardown still to come", target="lingers_and_tears_down",
        state="failed", expected=by(NOTHING, dag=LOST, runner=LOST), act=actions.mark_run("failed"),
    ),
    Situation(
        name="10a", what="task marked failed by hand", target="lingers", state="failed",
        expected=by(LOST, task=NOTHING), act=actions.mark_task("failed"),
    ),
    Situation(
        name="10b", what="task marked success by hand", target="lingers", state="success",
        expected=by(FINISHED, task=NOTHING), act=actions.mark_task("success"),
    ),
    Situation(
        name="11a", what="a trigger raises", target="defers_to_an_error", state="failed",
        expected=by(failed("airflow.sdk.exceptions.TaskDeferralError", "Trigger failure")),
    ),
    Situation(
        name="11a'", what="a trigger raises in both tries", target="defers_to_an_error_twice", state="failed",
        expected=by(failed("airflow.sdk.exceptions.TaskDeferralError", "Trigger failure")), slow=True,
    ),
    Situation(
        name="11b", what="a deferred task's timeout", target="defers_too_long", state="failed",
        expected=by(failed("airflow.sdk.exceptions.TaskDeferralTimeout", "Trigger timeout")),
        differs=[
            Difference(
                on="<3", why="Airflow has one exception for all ends of a trigger.",
                expected=by(task=NO_TRIGGER, dag=NO_TRIGGER, operator=NO_TRIGGER),
            ),
        ],
    ),
    Situation(
        name="11c", what="a deferred task resumes and raises", target="resumes_to_fail", state="failed",
        expected=by(failed("LookupError", "the answer was no")),
    ),
    Situation(
        name="11d", what="a deferred task resumes and succeeds", target="defers", state="success", expected=by(FINISHED)
    ),
    Situation(
        name="11e", what="a trigger ends its task with success", target="trigger_succeeds", state="success",
        expected=by(FINISHED, task=NOTHING),
    ),
    Situation(
        name="11f", what="a trigger ends its task with failure", target="trigger_fails", state="failed",
        expected=by(LOST, task=NOTHING),
    ),
    Situation(
        name="12", what="a task fails, another cannot start", target="cascades", state="failed", expected=by(DIVISION)
    ),
    Situation(
        name="13", what="cleared after its success was reported, then fails", target="fails_when_cleared",
        state="failed", verdict="success", expected=by(FINISHED), act=actions.clear_after_report, slow=True,
    ),
    Situation(
        name='13"', what="cleared after its failure was reported, then succeeds", target="succeeds_when_cleared",
        state="success", verdict="failed", expected=by(DIVISION), act=actions.clear_after_report, slow=True,
    ),
    Situation(
        name="13'", what="cleared while it runs, then succeeds", target="lingers_once", state="success",
        expected=by(FINISHED), act=actions.clear_while_running, slow=True,
        differs=[
            Difference(
                on="==3.0.*", state="running", states={Way.RUNNER: "failed"}, worker_group="bounded",
                why="Airflow leaves the task `restarting` and the run `running`, for ever. `run_timeout` is set.",
                expected=by(NOTHING, runner=STUCK),
            ),
            Difference(
                on="<3", why="Airflow's API clears no task that runs; its command does, and was taken.",
                act=actions.clear_while_running_by_command,
            ),
        ],
    ),
    Situation(
        name="14a", what="a task fails, its teardown succeeds", target="fails_and_tears_down", state="failed",
        expected=by(DIVISION),
    ),
    Situation(
        name="14b, n5", what="a task fails, a last task with `all_done` succeeds", target="masks_its_failure",
        state="success", states=FAILS_BY_OPERATOR, expected=by(FINISHED, task=DIVISION, operator=DIVISION),
    ),
    Situation(
        name="14c", what="a teardown fails", target="teardown_fails", state="success", expected=by(FINISHED)
    ),
    Situation(
        name="14c'", what="last task marked success by hand, a teardown fails", target="teardown_fails_after_mark",
        state="success", expected=by(FINISHED, task=NOTHING), act=actions.mark_task("success"),
    ),
    Situation(
        name="s16", what="another callback raises, before ours", target="callback_raises", state="failed",
        expected=by(DIVISION),
    ),
    Situation(
        name="s17", what="another callback, before ours, is slow (success)", target="success_callback_is_slow",
        state="success", expected=by(FINISHED, task=NOTHING), slow=True,
        differs=[Difference(on="<3", why=LETS_CALLBACKS_END, expected=by(task=FINISHED))],
    ),
    Situation(
        name="s17'", what="another callback, before ours, is slow (failure)", target="failure_callback_is_slow",
        state="failed", expected=by(LOST, task=NOTHING), slow=True,
        differs=[
            Difference(
                on="<3", why=LETS_CALLBACKS_END, expected=by(task=DIVISION, dag=DIVISION, operator=DIVISION)
            ),
        ],
    ),
    Situation(
        name="s18", what="another callback, before ours, raises SystemExit", target="callback_exits", state="failed",
        expected=by(LOST, task=NOTHING),
        differs=[
            Difference(
                on="<3", inapplicable=list(Way),
                why="Not tried: the callback ends the process that calls all those of the file, time and again.",
            ),
        ],
    ),
    Situation(
        name="s19", what="the DAG is missing when its task starts, then back", target="missing_at_start",
        state="success", expected=by(FINISHED), slow=True,
        differs=[
            Difference(
                on="==3.0.*", why="Airflow does not try again, and fails the task.", state="failed",
                expected=by(LOST, task=NOTHING, dag=NOT_TOLD),
            ),
        ],
    ),
    Situation(
        name="s20", what="a template cannot be rendered", target="template_fails", state="failed",
        expected=by(failed("jinja2.exceptions.UndefinedError", "'nothing' is undefined")),
    ),
    Situation(
        name="n1", what="a report with templates", target="reports_by_template", state="failed",
        expected=by(task=failed("ValueError", "<run id> failed"), dag=failed("ValueError", "<run id> failed")),
        differs=[
            Difference(
                on="==3.0.*", why="The error id is `AirflowDagRunFailed`, with the author's message.",
                expected=by(dag=failed("AirflowDagRunFailed", "<run id> failed", detailed=False)),
            ),
        ],
    ),
    Situation(
        name="n2", what="a report with templates, every task is skipped", target="skips_by_template", state="success",
        expected=by(task=NOTHING, dag=NOTHING), differs=[TELLS_OF_SKIPPED_TASKS],
    ),
    Situation(
        name="n3", what="AirflowFailException, then a slow callback after ours: Airflow runs the task again",
        target="fails_slowly_for_good", state="failed", slow=True,
        expected=by(LOST, task=failed("airflow.sdk.exceptions.AirflowFailException", "the input is malformed")),
        differs=[
            Difference(on="<3", why=LETS_CALLBACKS_END, expected=by(dag=MALFORMED, operator=MALFORMED)),
        ],
    ),
    Situation(
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
    Situation(name="n4", what="two tasks fail", target="fails_twice", state="failed", expected=by(DIVISION)),
    Situation(
        name="n6", what="a task waits for a run of another DAG, which fails", target="waits_for_another_dag",
        state="failed", slow=True,
        expected=by(failed("airflow.sdk.exceptions.AirflowException", "child_that_fails failed with failed state*")),
    ),
    Situation(
        name="mapped", what="one instance of a mapped task fails", target="fails_mapped", state="failed",
        expected=by(failed("LookupError", "shard 2 is missing")), includes="map index 2",
    ),
    Situation(
        name="mapped'", what="every instance of a mapped task succeeds", target="succeeds_mapped", state="success",
        expected=by(FINISHED),
    ),
    Situation(
        name='mapped"', what="two instances of a mapped task succeed at the same moment",
        target="succeeds_mapped_at_once", state="success", expected=by(FINISHED),
    ),
    Situation(
        name="secret", what="the error has a secret in it", target="prints_a_secret", state="failed",
        expected=by(failed("RuntimeError", "cannot log in with ***")),
    ),
    Situation(
        name="macro", what="a template uses our macro", target="uses_a_macro", state="success", expected=by(FINISHED)
    ),
    Situation(
        name="empty", what="a DAG without tasks", target="empty", state="success",
        expected=by(dag=NOTHING, runner=failed("AirflowDagRunEmpty", "The DAG run succeeded without a task: *")),
    ),
    Situation(
        name="unknown", what="the DAG does not exist", target="no_such_dag", state=None,
        expected=by(runner=failed("AirflowDagRunRefused", "No run of DAG 'no_such_dag__*' can be started: D?? with *")),
    ),
    Situation(
        name="short", what="`short_circuit` skips all that follows", target="short_circuits", state="success",
        expected=by(FINISHED, task=NOTHING, operator=NOTHING),
    ),
    Situation(
        name="false", what="an activity's last task returns False", target="returns_false", state="success",
        expected=by(FINISHED),
    ),
    Situation(
        name="p1", what="precondition: returns True", target="returns_true", state="success", precondition=True,
        expected=by(FINISHED),
    ),
    Situation(
        name="p2", what="precondition: returns False", target="returns_false", state="success", precondition=True,
        expected=by(FALSE),
    ),
    Situation(
        name="p2'", what="precondition: one instance of a mapped task returns False", target="returns_false_once",
        state="success", precondition=True, expected=by(FALSE),
    ),
    Situation(
        name="p3", what="precondition: is skipped", target="skips", state="success", precondition=True,
        expected=by(FALSE, task=NOTHING, dag=NOTHING), differs=TELLS_OF_A_SKIPPED_CHECK,
    ),
    Situation(
        name="p4", what="precondition: short-circuits", target="short_circuits", state="success", precondition=True,
        expected=by(FALSE, task=NOTHING, operator=NOTHING),
    ),
    Situation(
        name="p5", what="precondition: its check raises", target="fails", state="failed", precondition=True,
        expected=by(DIVISION),
    ),
    Situation(
        name="p6", what="precondition: returns False, a teardown follows", target="returns_false_before_a_teardown",
        state="success", precondition=True, expected=by(FALSE),
    ),
    Situation(
        name="p7", what="precondition: returns True, another last task is never reached",
        target="one_leaf_is_never_reached", state="success", precondition=True, expected=by(FALSE, task=FINISHED),
    ),
    Situation(
        name="p8", what="precondition: one of two last tasks returns False", target="one_leaf_returns_false",
        state="success", precondition=True, expected=by(FALSE),
    ),
]  # fmt: skip

# The tasks of Airflow 2 use the database itself, and DAG files are read by a part of the scheduler.
NO_SUCH_PART = Difference(on="<3", why="Airflow 2 has no such part.", inapplicable=list(Way))

BREAKDOWNS = [
    Situation(
        name="x1", what="the API server is down when a task fails", target="waits_to_fail", state="failed",
        expected=by(LOST, task=DIVISION), differs=[NO_SUCH_PART],
    ),
    Situation(
        name="x2", what="the API server is down when a task succeeds", target="waits_to_succeed", state="failed",
        expected=by(LOST, task=LOST_TASK), differs=[NO_SUCH_PART],
    ),
    Situation(
        name="l1", what="the dag-processor is killed in a callback of the DAG", target="slow_callback_of_the_dag",
        state="success", expected=by(FINISHED, dag=NOTHING), differs=[NO_SUCH_PART],
    ),
    Situation(
        name="z1", what="the DAG file breaks while the run is active (`run_timeout` set)", target="breaks",
        state="running", expected=by(NOTHING, task=FINISHED, runner=STUCK), states={Way.RUNNER: "failed"},
        worker_group="bounded",
        differs=[
            Difference(
                on="<3", why="The scheduler goes on with the DAG as it was; a task that starts then fails.",
                state="success", states={Way.OPERATOR: "failed"},
            ),
        ],
    ),
    Situation(
        name="z1'", what="the same, with an `attemptTimeout` in the pipeline definition", target="breaks",
        state="failed", expected=by(runner=EXPIRED), fields={"attemptTimeout": "1 minute"},
    ),
]  # fmt: skip
