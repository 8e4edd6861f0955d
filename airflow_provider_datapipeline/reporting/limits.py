"""
The limits of AWS Data Pipeline, each with its source.

Sources: "model" is botocore's service model ``datapipeline/2012-10-29/service-2.json``; "limits page" is the page
dp-limits of the AWS Data Pipeline Developer Guide. Where the unit of a length is not published, UTF-16 units are
counted. That is the cautious choice, because a text never has fewer UTF-16 units than characters.
"""

from __future__ import annotations

PIPELINE_TASK_ID_MAX_UTF16 = 2048  # model, shape "taskId"; its minimum is 1
ERROR_ID_MAX_UTF16 = 1024  # model, shape "string"
ERROR_STACK_TRACE_MAX_UTF16 = 1024  # model, shape "string"; the published API page says 4095, the smaller is safe
OBJECT_MAX_UTF8 = 15_360  # limits page: bytes per object, names of fields included

# The model has no limit for errorMessage. But the service stores all three texts on the attempt, which is an object.
# A UTF-16 unit takes 3 bytes of UTF-8 at most, so the worst case is
#   names     7 (errorId) + 12 (errorMessage) + 15 (errorStackTrace) =     34
#   values    1024 * 3    + 4096              + 1024 * 3             = 10,240
# which leaves 5,086 of the 15,360 bytes for the attempt's other fields (command, schedule, times, host name).
ERROR_MESSAGE_MAX_UTF8 = 4096

RESERVED_ERROR_ID_PREFIX = "Service_"  # model, documentation of SetTaskStatus: reserved by the system
