// Two command lines are the same program when they run the same file, whatever it is called and whoever starts it.
#include "harness/run/program_identity.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace harness {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "program_identity_test.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) abort();
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string Write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }

 private:
  std::filesystem::path path_;
};

TEST(ProgramIdentityTest, CopiesAreOneProgramAndOthersAreNot) {
  const Folder folder;
  const std::string client = folder.Write("client", "does this");
  const std::string same = folder.Write("a/client", "does this");
  const std::string other = folder.Write("b/client", "does that");
  EXPECT_EQ(ProgramIdentity({client, "--fast"}, ""), ProgramIdentity({same, "--slow"}, ""));
  EXPECT_NE(ProgramIdentity({client}, ""), ProgramIdentity({other}, ""));
}

TEST(ProgramIdentityTest, AnInterpreterIsNotTheProgram) {
  const Folder folder;
  const std::string one = folder.Write("one.py", "1");
  const std::string two = folder.Write("two.py", "2");
  EXPECT_NE(ProgramIdentity({"python3", "-u", one}, ""), ProgramIdentity({"python3", "-u", two}, ""));
  EXPECT_EQ(ProgramIdentity({"python3", "-u", one}, ""), ProgramIdentity({"env", "python3.11", one, two}, ""));
  // Where nobody can tell, they are the same.
  EXPECT_EQ(ProgramIdentity({"sh", "-c", "exec one"}, ""), ProgramIdentity({"/bin/sh", "-c", "exec two"}, ""));
}

TEST(ProgramIdentityTest, RelativePathsAreOfTheProgramsDirectory) {
  const Folder folder;
  const std::string client = folder.Write("client", "does this");
  EXPECT_EQ(ProgramIdentity({"./client"}, std::filesystem::path(client).parent_path().string()),
            ProgramIdentity({client}, ""));
  EXPECT_EQ(ProgramIdentity({"./client"}, "/nowhere"), "client");
  EXPECT_EQ(ProgramIdentity({}, ""), "");
}

}  // namespace
}  // namespace harness
