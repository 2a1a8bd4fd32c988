//===- PictureCommand.cpp - MODEL_EXE picture -----------------------*- C++ -*-===//
//
// Arrays of leaves as one PNG, a row of images per array.
//
//===----------------------------------------------------------------------===//

#include "runtime/Picture.h"

#include "runtime/Npy.h"
#include "runtime/cli/Arguments.h"
#include "runtime/cli/Options.h"
#include "runtime/cli/Values.h"

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
      ->type_name("FILE")
      ->required()
      ->expected(1, 1 << 10);
  command->add_option("--output", options->output, "Picture (.png)")->type_name("FILE")->required();
  addInteger(*command, "--columns", options->columns, {1, 1 << 16}, "Images in a row (default: up to 16)");
  addInteger(*command, "--scale", options->scale, {1, 1 << 12},
             "Pixels of one value's side (default: by the size of the images)");
  addExamples(*command, [&app] {
    return std::vector<std::string>{app.get_name() + " picture --rows x.npy --output x.png",
                                    app.get_name() + " picture --rows x.npy y.npy --scale 12 --output xy.png"};
  });
  command->callback([&session, options] { runPicture(session.model(), *options); });
}
