// The events of a run as lines: a table for people, JSON lines and CSV for programs (docs/formats.md, "harness
// history"). Called by `harness history`, a line at a time, so that a run of any length streams. Pure.
#pragma once

#include <string>

#include "harness/report/record_life.h"
#include "harness/report/run_event.h"

namespace harness {

// Each without the newline.
std::string EventJson(const History& history, const RunEvent& event);
std::string EventCsvHeader();
std::string EventCsv(const History& history, const RunEvent& event);

// One row of the table of all events.
std::string EventRowHeader();
std::string EventRow(const History& history, const RunEvent& event);

// The table of one record: what it is, and a row for each event of its life, of what happened meanwhile, and for each
// hop that it never came to.
std::string RecordHeading(const History& history, const RecordName& record, std::span<const RunEvent> life);
std::string LifeRow(const History& history, const RecordName& record, const RunEvent& event);
std::string AbsenceRow(const Absence& absence);

}  // namespace harness
