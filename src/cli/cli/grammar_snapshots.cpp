// `berth snapshot …` and `berth visits …`.
#include "cli/grammar_builder.hpp"
#include "cli/grammar_verbs.hpp"

namespace berth::cli {
namespace {

template <class V>
void add_snapshot(Builder<V>& b) {
  b.option("SNAPSHOT", &V::snapshot, "", "Id, or title of one of yours")->required();
}

void add_own(CLI::App& group, Store& store) {
  Builder<verb::SnapshotCreate> make(group, store, "create", "Capture a session as it is; or, of a snapshot, one with less in it",
                                     "berth snapshot create Plan\nberth snapshot create Plan --leave-out logs/\n"
                                     "berth snapshot create snp_01hv7kq3w8x2m9d4c6z5t0r1ya --mask");
  make.option("SESSION", &verb::SnapshotCreate::source, "", "Id or title; or the id of a snapshot of yours")->required();
  make.option("--title", &verb::SnapshotCreate::title, "TEXT", "The session's when absent");
  make.option("--description", &verb::SnapshotCreate::description, "TEXT", "Up to 250 characters");
  make.each("--leave-out", "PART", "A part that it shall not have, as logs/prompts.jsonl; all below with a / at the end; may be repeated",
            [](verb::SnapshotCreate& v, const std::string& text) { v.leave_out.push_back(text); });
  make.flag("--mask", &verb::SnapshotCreate::mask, "Of a snapshot: write * over what looks like a secret");
  Builder<verb::SnapshotList> list(group, store, "ls", "List your snapshots", "berth snapshot ls\nberth snapshot ls --visibility token --json");
  list.option("--title", &verb::SnapshotList::title, "TEXT", "Only with this in the title");
  list.option("--tag", &verb::SnapshotList::tag, "TAG", "Only with this tag");
  list.choice(store, "--visibility", &verb::SnapshotList::visibility, {"owner", "link", "token"}, "Only those that are seen so");
  list.choice(store, "--sort", &verb::SnapshotList::sort, {"title", "created"}, "By what");
  list.option("--limit", &verb::SnapshotList::limit, "N", "At most so many");
  Builder<verb::SnapshotShow> show(group, store, "show", "A snapshot of yours: its parts, its tokens, its visits",
                                   "berth snapshot show Plan\nberth snapshot show Plan --findings");
  add_snapshot(show);
  show.flag("--findings", &verb::SnapshotShow::findings, "Only what looks like a secret in it");
  Builder<verb::SnapshotRemove> rm(group, store, "rm", "Remove snapshots; nobody sees them any more", "berth snapshot rm Plan");
  rm.option("SNAPSHOT", &verb::SnapshotRemove::snapshots, "", "Ids, or titles of yours")->required();
}

void add_sharing(CLI::App& group, Store& store) {
  Builder<verb::SnapshotShare> share(group, store, "share", "Show it to whoever has the link that this prints",
                                     "berth snapshot share Plan\nberth snapshot share Plan --token --label bob --uses 3 --expires 7d");
  add_snapshot(share);
  share.flag("--token", &verb::SnapshotShare::token, "The link alone shall not open it: a token is made, told once");
  share.option("--label", &verb::SnapshotShare::label, "TEXT", "Of the token: whom it is for");
  share.option("--uses", &verb::SnapshotShare::uses, "N", "The token opens so often");
  add_time(share, "--expires", &verb::SnapshotShare::expires, "The token opens so long");
  share.flag("--accept-findings", &verb::SnapshotShare::accept_findings, "Others may see what looks like a secret");
  Builder<verb::SnapshotUnshare> unshare(group, store, "unshare", "Take the link and all tokens back, or one token",
                                         "berth snapshot unshare Plan\nberth snapshot unshare Plan --access acc_01hv7kq3w8x2m9d4c6z5t0r1ya");
  add_snapshot(unshare);
  unshare.option("--access", &verb::SnapshotUnshare::access, "ID", "Of one token, as berth snapshot show has it");
  Builder<verb::SnapshotOpen> open(group, store, "open", "See what somebody shares; counts as a visit",
                                   "berth snapshot open snp_01hv7kq3w8x2m9d4c6z5t0r1ya\n"
                                   "berth snapshot open 'snp_01hv7kq3w8x2m9d4c6z5t0r1ya#TOKEN' --part document.json -o plan.json\n"
                                   "berth snapshot open 'snp_01hv7kq3w8x2m9d4c6z5t0r1ya#TOKEN' --copy Mine");
  open.option("LINK", &verb::SnapshotOpen::link, "", "As berth snapshot share printed it")->required();
  open.option("--part", &verb::SnapshotOpen::part, "NAME", "Only this part, as it is");
  open.option("-o,--output", &verb::SnapshotOpen::output, "FILE", "Of the part: where to; stdout when absent");
  open.option("--copy", &verb::SnapshotOpen::copy, "TITLE", "Only make a session of yours with its document");
}

void add_files(CLI::App& group, Store& store) {
  Builder<verb::SnapshotExport> out(group, store, "export", "Write a snapshot into one signed file, for another Berth",
                                    "berth snapshot export Plan -o plan.berth");
  out.option("SNAPSHOT", &verb::SnapshotExport::snapshot, "", "Id or title of yours, or a link")->required();
  out.option("-o,--output", &verb::SnapshotExport::output, "FILE", "Where to; - is stdout")->required();
  Builder<verb::SnapshotImport> in(group, store, "import", "Make a snapshot of such a file, once all of it was verified",
                                   "berth snapshot import plan.berth");
  in.option("FILE", &verb::SnapshotImport::file, "", "The file; - is stdin")->required();
  in.option("--title", &verb::SnapshotImport::title, "TEXT", "As the file says when absent");
  Builder<verb::SnapshotVerify> verify(group, store, "verify", "Read and check all of a snapshot, or of such a file",
                                       "berth snapshot verify Plan\nberth snapshot verify ./plan.berth");
  verify.option("WHAT", &verb::SnapshotVerify::what, "", "A file, or id or title of a snapshot of yours")->required();
}

}  // namespace

void add_snapshot_verbs(CLI::App& root, Store& store) {
  auto* snapshots = root.add_subcommand("snapshot", "What sessions were at a moment, kept and shared");
  snapshots->fallthrough()->require_subcommand(1);
  add_own(*snapshots, store);
  add_sharing(*snapshots, store);
  add_files(*snapshots, store);

  auto* visits = root.add_subcommand("visits", "Snapshots of others that you have seen");
  visits->fallthrough()->require_subcommand(1);
  Builder<verb::VisitList> list(*visits, store, "ls", "List them", "berth visits ls\nberth visits ls --sort title");
  list.option("--title", &verb::VisitList::title, "TEXT", "Only with this in the title");
  list.flag("--gone", &verb::VisitList::gone, "Only those that were removed");
  list.choice(store, "--sort", &verb::VisitList::sort, {"title", "first", "last"}, "By what");
  list.option("--limit", &verb::VisitList::limit, "N", "At most so many");
  Builder<verb::VisitRemove> rm(*visits, store, "rm", "Take snapshots off this list; a visit brings them back",
                                "berth visits rm snp_01hv7kq3w8x2m9d4c6z5t0r1ya");
  rm.option("SNAPSHOT", &verb::VisitRemove::snapshots, "", "Ids")->required();
}

}  // namespace berth::cli
