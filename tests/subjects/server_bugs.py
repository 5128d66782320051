"""What server.py can do wrong: one class a bug, found by its name. Each overrides the one step that it breaks.

server.py imports this and no other module of its bugs.
"""

import server_answer_bugs
import server_content_bugs
import server_delivery_bugs
import server_life_bugs
import server_reading_bugs
import server_resume_bugs
from bug_registry import Bugs
from server_sound import Item, Sound, Stream

__all__ = ["BUGS", "Item", "Stream", "find"]

BUGS = Bugs({"none": Sound}, server_delivery_bugs.BUGS, server_content_bugs.BUGS, server_resume_bugs.BUGS,
            server_reading_bugs.BUGS, server_answer_bugs.BUGS, server_life_bugs.BUGS)
find = BUGS.find
