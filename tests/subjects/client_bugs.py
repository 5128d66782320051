"""What client.py can do wrong: one class a bug, found by its name. Each overrides the one step that it breaks.

client.py imports this and no other module of its bugs.
"""

import client_delivery_bugs
import client_log_bugs
import client_resume_bugs
from bug_registry import Bugs
from client_sound import Sound

__all__ = ["BUGS", "find"]

BUGS = Bugs({"none": Sound}, client_delivery_bugs.BUGS, client_log_bugs.BUGS, client_resume_bugs.BUGS)
find = BUGS.find
