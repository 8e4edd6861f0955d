"""The description that ``airflow providers`` shows; it imports nothing, because every Airflow process reads it."""

from __future__ import annotations

from typing import Any

INTEGRATION = "AWS Data Pipeline"


def get_provider_info() -> dict[str, Any]:
    """
    Return the provider's self-description.

    The listener and the macros are registered through the entry point ``airflow.plugins``, and not under the key
    ``plugins``: Airflow ignores that key unless ``[core] lazy_discover_providers`` is off, and with both it warns about
    a double registration. No connection type is declared, because ``aws`` belongs to the amazon provider.
    """
    return {
        "package-name": "airflow-provider-datapipeline",
        "name": "AWS Data Pipeline",
        "description": "Run the tasks of `AWS Data Pipeline <https://aws.amazon.com/datapipeline/>`__ as Airflow DAGs "
        "and report how they ended.",
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://docs.aws.amazon.com/datapipeline/latest/APIReference/",
                "tags": ["aws"],
            }
        ],
        "config": {
            "datapipeline": {
                "description": "What this package reports to AWS Data Pipeline.",
                "options": {
                    "error_detail": {
                        "description": "How much of an exception leaves Airflow. ``full``: class, message, notes and\n"
                        "frames, after masking. ``type``: class, where it was raised, and the frames of its whole\n"
                        "chain; no text of an exception. The parameter ``error_detail`` of a notifier, an operator or\n"
                        "a task runner takes precedence. Any other value counts as ``type``, and is logged.\n",
                        "version_added": "0.3.0",
                        "type": "string",
                        "example": "type",
                        "default": "full",
                    },
                },
            },
        },
        "hooks": [
            {
                "integration-name": INTEGRATION,
                "python-modules": ["airflow_provider_datapipeline.hooks.datapipeline"],
            }
        ],
        "operators": [
            {
                "integration-name": INTEGRATION,
                "python-modules": [
                    "airflow_provider_datapipeline.operators.datapipeline",
                    "airflow_provider_datapipeline.operators.start_dag_runs",
                    "airflow_provider_datapipeline.operators.task_runner",
                ],
            }
        ],
        "triggers": [
            {
                "integration-name": INTEGRATION,
                "python-modules": ["airflow_provider_datapipeline.triggers.datapipeline"],
            }
        ],
        "extra-links": ["airflow_provider_datapipeline.links.datapipeline.DataPipelineTargetRunLink"],
        "notifications": ["airflow_provider_datapipeline.notifications.datapipeline.DataPipelineNotifier"],
    }
