#include "harness/scenario/find.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

namespace harness {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFilesMax = 10'000;

bool IsScenarioName(const std::string& name) {
  return name.ends_with(".json") && !name.ends_with(".schema.json") && !name.starts_with(".");
}

void FindBelow(const fs::path& folder, ScenarioSelection* selection) {
  std::vector<std::string> found;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (entry->is_directory(ignored)) {
      if (name.starts_with(".")) entry.disable_recursion_pending();
    } else if (IsScenarioName(name) && found.size() < kFilesMax) {
      found.push_back(entry->path().lexically_normal().string());
    }
  }
  if (error) {
    selection->unmatched.push_back({folder.string(), 0, 0, "", "can't be read: " + error.message()});
  } else if (found.empty()) {
    selection->unmatched.push_back(
        {folder.string(), 0, 0, "", "holds no scenario; allowed: a folder with *.json files"});
  }
  std::sort(found.begin(), found.end());
  selection->files.insert(selection->files.end(), found.begin(), found.end());
}

// Cuts `text` into lines of at most `width_columns` characters at spaces; a longer word has a line to itself.
std::vector<std::string> Wrap(std::string_view text, size_t width_columns) {
  std::vector<std::string> lines(1);
  size_t columns = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const auto word_columns = static_cast<size_t>(
        std::count_if(word.begin(), word.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
    if (columns > 0 && columns + 1 + word_columns > width_columns) {
      lines.emplace_back();
      columns = 0;
    }
    if (columns > 0) lines.back() += ' ';
    columns += word_columns + (columns > 0 ? 1 : 0);
    lines.back() += word;
  }
  return lines;
}

}  // namespace

ScenarioSelection FindScenarios(const std::vector<std::string>& paths) {
  ScenarioSelection selection;
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) {
      selection.unmatched.push_back({path, 0, 0, "", "there is no such file or folder"});
    } else if (error) {
      selection.unmatched.push_back({path, 0, 0, "", "can't be read: " + error.message()});
    } else if (status.type() == fs::file_type::directory) {
      FindBelow(path, &selection);
    } else {
      selection.files.push_back(path);
    }
  }
  std::set<std::string> seen;
  std::erase_if(selection.files, [&](const std::string& file) { return !seen.insert(file).second; });
  return selection;
}

std::string ListingTable(const std::vector<ScenarioListing>& listings, int width_columns) {
  size_t name_columns = 0;
  const auto shown_name = [](const ScenarioListing& listing) {
    return listing.name.empty() ? listing.file : listing.name;
  };
  for (const auto& listing : listings) name_columns = std::max(name_columns, shown_name(listing).size());
  const auto width = static_cast<size_t>(std::max(width_columns, 40));
  const size_t indent = std::min(name_columns, width / 2) + 2;
  std::string table;
  for (const auto& listing : listings) {
    const std::string text = listing.name.empty() ? "(broken: see harness validate)" : listing.description;
    std::string line = shown_name(listing);
    for (const std::string& part : Wrap(text, width - indent)) {
      if (part.empty()) continue;
      if (line.size() + 2 > indent) {
        table += line + "\n";
        line.clear();
      }
      line.resize(indent, ' ');
      table += line + part + "\n";
      line.clear();
    }
    if (!line.empty()) table += line + "\n";
  }
  return table;
}

}  // namespace harness
