// The routes about devices: what seals a browser's unsaved copies.

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

using control::Action;

Result<Action> plan_add(Call& call) {
  TRY_ASSIGN(auto action, read_body<control::AddDevice>(call.body));
  return action;
}

Response respond_added(control::Outcome&& outcome) {
  return json_response(output_type<sessions::DeviceKey>().write(std::get<sessions::DeviceKey>(outcome)), 201);
}

}  // namespace

void add_device_routes(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/v1/devices", .operation = "list_devices", .summary = "Your devices that keep sealed copies",
                   .query = {}, .body = {}, .answer = items<sessions::Device>("Devices, oldest first."),
                   .plan = [](Call&) -> Result<Action> { return control::ListDevices{}; },
                   .respond = respond_items<sessions::Device>});
  table.push_back({.method = "POST", .pattern = "/v1/devices", .operation = "add_device", .summary = "Add a device",
                   .query = {}, .body = json_body<control::AddDevice>(), .answer = one<sessions::DeviceKey>("The device and its key.", 201),
                   .plan = plan_add, .respond = respond_added});
  table.push_back({.method = "GET", .pattern = "/v1/devices/{device}", .operation = "get_device", .summary = "A device, with its key",
                   .query = {}, .body = {}, .answer = one<sessions::DeviceKey>("The device and its key."),
                   .plan = [](Call& call) -> Result<Action> { return control::GetDevice{call.part("device")}; },
                   .respond = respond_one<sessions::DeviceKey>});
  table.push_back({.method = "DELETE", .pattern = "/v1/devices/{device}", .operation = "revoke_device",
                   .summary = "Revoke a device: its key is not handed out any more", .query = {}, .body = {},
                   .answer = nothing("It is gone."),
                   .plan = [](Call& call) -> Result<Action> { return control::RevokeDevice{call.part("device")}; },
                   .respond = respond_nothing});
}

}  // namespace berth::api_http
