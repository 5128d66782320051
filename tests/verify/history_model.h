// A small model of the pipeline that makes legal histories: what a correct broker, server and client may do, drawn from
// a seed. On each of them every checker has to be silent; the mutations of mutation_test.cc then break one thing each.
//
// It knows: several records per payment (in one partition or spread), producers told everything, nothing, or in doubt,
// records repeated in the log, rejected ones, ones without rec, gaps in the offsets; clients that resume by token
// (snapshots cut half-way, superseded entries, declared overlaps), that begin live, that take a snapshot on every
// connection, with positions or without; filters; servers killed, and a broker down; the server's own journal, with the
// end that a death takes away.
#pragma once

#include <cstdint>

#include "harness/plan/scenario.h"
#include "harness/verify/history.h"

namespace harness {

struct ModelPlan {
  uint64_t seed = 1;
  int partitions = 2;
  int records = 30;  // produced at random moments
  int clients = 3;   // beside an unfiltered one that resumes by token
  int server_kills = 1;
  bool journal = false;  // the server keeps one
  bool foreign = true;   // rec-less records, clients without positions, unobserved clients, producers without acks
};

struct ModelRun {
  History history;
  Scenario scenario;
};

// Deterministic in `plan`.
ModelRun MakeRun(const ModelPlan& plan);

}  // namespace harness
