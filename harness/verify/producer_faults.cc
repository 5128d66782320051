#include "harness/verify/producer_faults.h"

#include <algorithm>

namespace harness {
namespace {

bool GivesUpIdempotence(const Evidence& evidence, size_t producer) {
  const std::string_view name = BaseName(evidence.history.producers[producer].name);
  return std::any_of(evidence.scenario.producers.begin(), evidence.scenario.producers.end(), [&](const auto& plan) {
    return plan.name == name && std::any_of(plan.args.begin(), plan.args.end(), [](const std::string& arg) {
             return arg.find("enable.idempotence=false") != std::string::npos;
           });
  });
}

}  // namespace

const FaultEvent* FaultOfProducer(const Evidence& evidence, size_t producer, int64_t begin_ns, int64_t end_ns) {
  const std::string_view name = BaseName(evidence.history.producers[producer].name);
  for (const FaultEvent& fault : evidence.history.faults) {
    const bool over = fault.healed_ns != 0 && fault.healed_ns < begin_ns;
    if (fault.struck_ns == 0 || fault.struck_ns > end_ns || over) continue;
    const Role role = RoleOf(evidence, fault.target);
    if (role == Role::kServer || role == Role::kClient) continue;
    if (role != Role::kProducer || BaseName(fault.target) == name) return &fault;
  }
  return nullptr;
}

bool PromisesIdempotence(const Evidence& evidence, size_t producer, Findings* findings) {
  const Producer& told = evidence.history.producers[producer];
  if (told.has_acks && !GivesUpIdempotence(evidence, producer)) return true;
  findings->Note(told.name + (told.has_acks ? " gives up idempotence: n/a" : " tells no acknowledgements: n/a"));
  return false;
}

}  // namespace harness
