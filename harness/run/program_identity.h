// Which program a command line runs, so that two subjects can be told to be the same one: what two clients of one
// program both get wrong is one program's fault as well as their server's. Called when a run is set up. Thread-safe.
#pragma once

#include <string>
#include <vector>

namespace harness {

// "client.py 1f2e3d4c5b6a7988": name and a hash of the content of the first file in `argv` that is a program of its own
// and no launcher (an interpreter, a shell, env, timeout, ...); argv[0] is looked up in PATH, relative paths in `cwd`
// (empty: the current directory). The launcher's name where no file can be told. Copies of one file are one program.
std::string ProgramIdentity(const std::vector<std::string>& argv, const std::string& cwd);

}  // namespace harness
