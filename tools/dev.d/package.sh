# The Debian package of the whole: build/package/berth_VERSION_ARCH.deb.

. tools/dev.d/deps.sh

stage_package() {
  local stage=$1 doc=$1/usr/share/doc/berth
  rm -rf "$stage"
  DESTDIR=$PWD/$stage cmake --install build/release --prefix /usr --strip --component berth >/dev/null || return
  local berth=$stage/usr/lib/berth/berth shares=$stage/usr/share
  mkdir -p "$doc" "$shares/man/man1" "$shares/man/man5" "$shares/bash-completion/completions" "$shares/zsh/vendor-completions" "$shares/fish/vendor_completions.d"
  "$berth" completion bash >"$shares/bash-completion/completions/berth" || return
  "$berth" completion zsh >"$shares/zsh/vendor-completions/_berth" || return
  "$berth" completion fish >"$shares/fish/vendor_completions.d/berth.fish" || return
  "$berth" reference man >"$shares/man/man1/berth.1" || return
  "$berth" reference settings-man >"$shares/man/man5/berth-config.5" || return
  gzip -9n "$shares/man/man1/berth.1" "$shares/man/man5/berth-config.5"
  cp LICENSE "$doc/copyright"
  cp README.md docs/cli.md docs/configuration.md docs/api.md "$doc/"
}

control_files() {
  local stage=$1 version=$2 arch=$3 scratch depends
  mkdir -p "$stage/DEBIAN"
  scratch=$(mktemp -d)
  mkdir "$scratch/debian"
  printf 'Source: berth\n\nPackage: berth\nArchitecture: any\n' >"$scratch/debian/control"
  # berth alone: the shim and init are static
  depends=$(cd "$scratch" && dpkg-shlibdeps -O "$OLDPWD/$stage/usr/lib/berth/berth" |
    sed -n 's/^shlibs:Depends=//p') || return
  rm -r "$scratch"
  sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@DEPENDS@/$depends/" \
    -e "s/@SIZE@/$(du -sk "$stage/usr" | cut -f1)/" packaging/control >"$stage/DEBIAN/control"
  install -m 0755 packaging/postinst packaging/prerm packaging/postrm "$stage/DEBIAN/"
  (cd "$stage" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
}

dev_package() {
  [ $# -eq 0 ] || bad_option "package takes no options"
  dev_deps
  phase "build (release)" build release berth berth-shim berth-init
  local version arch stage=build/package/stage
  version=$(cat VERSION)
  arch=$(dpkg --print-architecture)
  phase "stage" stage_package "$stage"
  phase "control files" control_files "$stage" "$version" "$arch"
  chmod -R go-w,a+rX "$stage"
  phase "package" dpkg-deb --root-owner-group --build "$stage" "build/package/berth_${version}_$arch.deb"
}
