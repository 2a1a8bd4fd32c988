//===- Network.cpp - The [network] table of a model file ------------------===//

#include "compiler/frontend/Network.h"

namespace espalier {

namespace {

constexpr std::string_view activationNames[] = {"exact", "relu"}; // in the order of Activation

/// What an interval may hold.
enum class Bounds { Any, NotNegative, Positive };

bool isWithin(double value, Bounds bounds) {
  return bounds == Bounds::Any || value > 0 || (bounds == Bounds::NotNegative && value == 0);
}

void readInterval(Reader &reader, const toml::node &node, const std::string &what, Bounds bounds, Interval &interval) {
  const toml::array *array = reader.array(node, what);
  if (!array)
    return;
  if (array->size() != 2) {
    reader.error(placeOf(node), what + " expects two numbers, [low, high], got " + std::to_string(array->size()));
    return;
  }
  auto low = reader.real(*array->get(0), what + "[0]"), high = reader.real(*array->get(1), what + "[1]");
  if (!low || !high)
    return;
  if (*low > *high)
    reader.error(placeOf(node),
                 what + " expects low <= high, got " + formatNumber(*low) + " and " + formatNumber(*high));
  else if (!isWithin(*low, bounds))
    reader.error(placeOf(*array->get(0)), what + " expects numbers " + (bounds == Bounds::Positive ? "> 0" : ">= 0") +
                                              ", got " + formatNumber(*low));
  else
    interval = {*low, *high};
}

void readTolerance(Reader &reader, const toml::node &node, double &tolerance) {
  auto value = reader.real(node, "tolerance");
  if (value && !(*value > 0))
    reader.error(placeOf(node), "tolerance expects a number > 0, got " + formatNumber(*value));
  else if (value)
    tolerance = *value;
}

} // namespace

void readNetwork(Reader &reader, const toml::table &file, Model &model) {
  const toml::node *node = file.get("network");
  const toml::table *table = node ? reader.table(*node, "network") : nullptr;
  if (!table)
    return;
  reader.checkKeys(*table, "[network]", networkKeys);
  if (const toml::node *activation = table->get("activation"))
    if (auto choice = reader.choice(*activation, "activation", activationNames))
      model.network.activation = static_cast<Activation>(*choice);
  if (const toml::node *tolerance = table->get("tolerance"))
    readTolerance(reader, *tolerance, model.network.tolerance);
  if (const toml::node *z = table->get("z"))
    readInterval(reader, *z, "z", Bounds::Any, model.network.z);
  if (const toml::node *sigma = table->get("sigma"))
    readInterval(reader, *sigma, "sigma", Bounds::Positive, model.network.sigma);
  if (const toml::node *lambda = table->get("lambda"))
    readInterval(reader, *lambda, "lambda", Bounds::NotNegative, model.network.lambda);
}

} // namespace espalier
