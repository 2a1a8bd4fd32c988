//===- PictureCommand.cpp - MODEL_EXE picture -----------------------*- C++ -*-===//
//
// Arrays of leaves as one PNG, a row of images per array.
//
//===----------------------------------------------------------------------===//

#include "runtime/Picture.h"

#include "runtime/Npy.h"
#include "runtime/cli/Options.h"

#include <memory>

using namespace espalier::runtime;

namespace {

struct PictureOptions {
  std::vector<std::string> rows;
  std::string output;
  int64_t columns = 0;
  int64_t scale = 0;
};

void runPicture(const Model &model, const PictureOptions &options) {
  std::unique_ptr<OutputFile> output = planOutput(options.output, ".png", options.rows);
  std::vector<PictureRow> rows;
  for (const std::string &path : options.rows)
    rows.push_back({path, readNpy(path)});
  writePng(*output, drawPicture(model, rows, options.columns, options.scale));
  output->commit();
}

} // namespace

void espalier::runtime::addPictureCommand(CLI::App &app, Session &session) {
  auto options = std::make_shared<PictureOptions>();
  CLI::App *command = app.add_subcommand("picture", "Draw arrays of symbols or observations as a PNG");
  command->add_option("--rows", options->rows, "Array (.npy) to draw as a row of images; may be repeated")
      ->required()
      ->expected(1, 1 << 10);
  addOutput(*command, "--output", options->output, "Picture (.png)")->required();
  command->add_option("--columns", options->columns, "Images in a row (default: up to 16)")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 16));
  command->add_option("--scale", options->scale, "Pixels of one value's side (default: by the size of the images)")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 12));
  command->callback([&session, options] { runPicture(session.model(), *options); });
}
