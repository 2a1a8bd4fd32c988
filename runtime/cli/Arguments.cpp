//===- Arguments.cpp - The words of a command line ------------------*- C++ -*-===//
//
// The words are gone through from left to right as the parser does it; what it would report in its own words, or only
// after something else, is one of our sentences here.
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/Arguments.h"

#include "runtime/Error.h"
#include "runtime/Spelling.h"

#include <algorithm>
#include <cctype>
#include <iostream>
#include <map>

using namespace espalier::runtime;

namespace {

constexpr const char *seeHelp = " (see --help)";

bool isFlag(const CLI::Option &option) { return option.get_items_expected_max() == 0; }

bool isPositional(const CLI::Option &option) { return option.get_lnames().empty() && option.get_snames().empty(); }

bool looksLikeOption(const std::string &word) { return word.size() > 1 && word.front() == '-'; }

bool isLong(const std::string &word) { return word.starts_with("--"); }

/// "--sigma" of "--sigma=1".
std::string nameIn(const std::string &word) { return word.substr(0, word.find('=')); }

/// The option that a word names, as in --sigma, --sigma=1, -n or -n5; null where there is none.
const CLI::Option *findOption(const CLI::App &command, const std::string &word) {
  const CLI::Option *option = command.get_option_no_throw(isLong(word) ? nameIn(word) : word.substr(0, 2));
  bool isWordOfDashes = option && !isLong(word) && isFlag(*option) && word.size() > 2; // -help is not -h
  return option && !isPositional(*option) && !isWordOfDashes ? option : nullptr;
}

std::vector<std::string> commandNames(const CLI::App &app) {
  std::vector<std::string> names;
  for (const CLI::App *command : app.get_subcommands([](const CLI::App *) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::vector<std::string> optionNames(const CLI::App &command) {
  std::vector<std::string> names;
  for (const CLI::Option *option : command.get_options())
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
  return names;
}

std::vector<std::string_view> views(const std::vector<std::string> &words) { return {words.begin(), words.end()}; }

/// The name to be used in a sentence: "--sigma", "-o", "MODEL".
std::string nameOf(const CLI::Option &option) { return option.get_name(/*positional=*/isPositional(option)); }

[[noreturn]] void failUnknown(const CLI::App &app, const std::string &name, const std::string &where) {
  // One letter is as near to any other.
  std::string meant = name.size() > 2 ? didYouMean(name, views(optionNames(app))) : "";
  throw Error("unknown option " + name + where + (meant.empty() ? seeHelp : meant));
}

/// The words behind one command.
class Checker {
public:
  Checker(const CLI::App &command, const std::vector<std::string> &words) : command(command), words(words) {}

  void check() {
    bool areOptionsOver = false;
    while (next < words.size()) {
      const std::string &word = words[next++];
      if (word == "--")
        areOptionsOver = true;
      else if (areOptionsOver || !looksLikeOption(word))
        addPositional(word);
      else
        checkOption(word);
    }
    for (const CLI::Option *option : command.get_options())
      if (option->get_required() && !values.contains(option))
        throw Error(command.get_name() + " expects " + nameOf(*option) + ", got none" + seeHelp);
  }

private:
  void checkOption(const std::string &word) {
    const CLI::Option *option = findOption(command, word);
    if (!option)
      failUnknown(command, nameIn(word), " of " + command.get_name());
    const size_t nameSize = isLong(word) ? nameIn(word).size() : 2;
    const bool isAttached = word.size() > nameSize;
    const std::string value = isAttached ? word.substr(nameSize + (isLong(word) ? 1 : 0)) : "";
    if (isFlag(*option)) {
      if (isAttached)
        throw Error(nameOf(*option) + " expects no value, got '" + value + "'");
      return;
    }
    addValue(*option, isAttached ? value : takeValue(*option));
    while (!isAttached && option->get_items_expected_max() > 1 && next < words.size() && !looksLikeOption(words[next]))
      addValue(*option, words[next++]);
  }

  /// The word behind an option.
  const std::string &takeValue(const CLI::Option &option) {
    if (next == words.size())
      throw Error(nameOf(option) + " expects a value, got none");
    const std::string &word = words[next++];
    if (looksLikeOption(word) && isLong(word) && findOption(command, word))
      throw Error(nameOf(option) + " expects a value, got the option " + nameIn(word));
    return word;
  }

  void addValue(const CLI::Option &option, const std::string &value) {
    if (value.empty())
      throw Error(nameOf(option) + " expects a value, got nothing");
    auto [place, isFirst] = values.try_emplace(&option, value);
    if (!isFirst && option.get_items_expected_max() == 1)
      throw Error(nameOf(option) + " expects one value, got '" + place->second + "' and '" + value + "'");
  }

  void addPositional(const std::string &word) {
    for (const CLI::Option *option : command.get_options())
      if (isPositional(*option))
        return addValue(*option, word);
    bool isInput = word.ends_with(".npy") && command.get_option_no_throw("--input");
    throw Error(command.get_name() + " expects options only, got '" + word + "'" +
                (isInput ? ", did you mean --input " + word + "?" : seeHelp));
  }

  const CLI::App &command;
  const std::vector<std::string> &words;
  size_t next = 1;                                   ///< behind the command itself
  std::map<const CLI::Option *, std::string> values; ///< the first of each option
};

void checkWords(const CLI::App &app, const std::vector<std::string> &words) {
  const std::vector<std::string> commands = commandNames(app);
  const std::string expectation = "expects a command: " + listWords(views(commands));
  if (words.empty())
    throw Error(expectation + ", got none" + seeHelp);
  const std::string &first = words.front();
  if (looksLikeOption(first)) {
    if (findOption(app, first))
      return;
    for (const std::string &name : commands)
      if (findOption(*app.get_subcommand(name), first))
        throw Error("options stand behind the command, got " + nameIn(first) + " before it");
    failUnknown(app, nameIn(first), "");
  }
  if (std::find(commands.begin(), commands.end(), first) == commands.end()) {
    std::string meant = didYouMean(first, views(commands));
    throw Error("unknown command '" + first + "'" +
                (meant.empty() ? ", expects " + listWords(views(commands)) + seeHelp : meant));
  }
  Checker(*app.get_subcommand(first), words).check();
}

bool asksForHelp(const std::string &word) { return word == "--help" || word == "-h"; }

/// The parser's message as one of ours: one line, lower-case, no final period.
std::string sentence(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && (text.back() == ' ' || text.back() == '.'))
    text.pop_back();
  if (!text.empty())
    text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

} // namespace

bool espalier::runtime::parseCommandLine(CLI::App &app, const std::vector<std::string> &words) {
  if (std::none_of(words.begin(), words.end(), asksForHelp))
    checkWords(app, words);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend())); // the order that the parser takes them in
  } catch (const CLI::ParseError &problem) {
    if (problem.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success))
      throw Error(sentence(problem.what()) + seeHelp);
    app.exit(problem, std::cout, std::cerr);
    return false;
  }
  return true;
}

void espalier::runtime::addExamples(CLI::App &app, std::function<std::vector<std::string>()> examples) {
  app.footer([examples = std::move(examples)] {
    std::string text = "Examples:\n";
    for (const std::string &line : examples())
      text += "  " + line + "\n";
    return text + "\nDocumentation: README.md and docs/tutorial.md of Espalier";
  });
}
