# What ./demo does with the platform of ./shop in a systemd-box. It uses $core, $holdfast, $scratch, $shop, $systemd_box, say, fail, prove and
# proofs of ./demo.

in_box() { "$systemd_box" run "$scratch/box" "$@"; }
show_in_box() { printf '\n$%s\n' "$(printf ' %q' holdfast "$@")"; in_box "/holdfast/${holdfast##*/}" "$@"; }
figure() { grep -oE "$1=[0-9.]+" "$2" | cut -d= -f2; }

# True when a container with a systemd of its own can be had; otherwise $why says why not.
open_box() {
  local program
  [ -z "$core" ] || { why="this is its core alone"; return 1; }
  ((EUID == 0)) || { why="it needs root"; return 1; }
  for program in systemd-nspawn nsenter pgrep nginx; do
    PATH="$PATH:/usr/sbin:/sbin" type -P "$program" >/dev/null || { why="$program is not here"; return 1; }
  done
  /usr/bin/python3 -c "$celery" 2>/dev/null || { why="/usr/bin/python3 has no Celery"; return 1; }
  "$systemd_box" up "$scratch/box" --bind-ro="$(realpath "$holdfast"):/holdfast/holdfast" --bind-ro="$shop:/platform" 2>"$scratch/box.errors" ||
    { why="no container with systemd boots here: $(tail -1 "$scratch/box.errors")"; return 1; }
}

# Everything that a person would call the platform's state, but for its data: what runs, and its files.
picture_box() {
  in_box bash -c "systemctl list-units --no-legend --plain --state=active 'shop-*' nginx.service | cut -d' ' -f1 | grep -v shop-report.service | sort
    find /etc/nginx /etc/shop /etc/default/shop /etc/pki/shop /opt/shop /etc/systemd/system/shop-* -type f ! -name '*.pyc' -exec sha256sum {} + | sort -k 2" >"$scratch/$1.box"
  [ "$(wc -l <"$scratch/$1.box")" -gt 18 ] || fail "Not all of the platform was listed."
}

# audit NAME: waits until all orders are done. Each order is a row, and a task that counts it as done: 0 times is lost, 2 times is doubled.
audit() {
  in_box /platform/shop audit 60 >"$scratch/$1.audit" || fail "Orders are lost or doubled: $(cat "$scratch/$1.audit")"
}

run_boxed_platform() {
  say "The same under systemd: nginx, a web service, three Celery workers, beat and a timer (in a container)"
  cp profiles/sample.yaml "$scratch/box/share/profile.yaml"
  in_box /platform/shop install
  in_box bash -euc 'umask 077; mkdir -p /etc/holdfast; cd /etc/holdfast; cp /share/profile.yaml .; openssl rand -hex 16 >password; echo any >postgres-password; echo shop >redis-password'
  in_box /platform/shop rate 15 4
  show_in_box init --yes
  picture_box before
  in_box systemd-run -q --unit=customers -p StandardOutput=file:/share/customers /usr/bin/python3 /platform/customers.py
  sleep 1
  show_in_box backup | tee "$scratch/boxed"
  show_in_box points show latest
  in_box systemctl stop customers
  in_box /platform/shop rate 0
  audit running
  local window
  window=$(grep -oE 'the platform was stopped for .*; skew of the components: .*' "$scratch/boxed") || fail "No window was told."
  proofs+=("Under systemd, while customers ordered: $window")
  proofs+=("  afterwards: $(figure orders "$scratch/running.audit") orders, lost $(figure lost "$scratch/running.audit"), doubled $(figure doubled "$scratch/running.audit"); at the door $(figure confirmed "$scratch/box/share/customers") were confirmed, the longest wait was $(figure longest_wait "$scratch/box/share/customers") s")
}

destroy_boxed_platform() {
  say "The disaster there: services killed, configuration, program, units, data gone; a new machine has an empty PostgreSQL and an empty Redis"
  in_box /platform/shop destroy
  in_box /platform/shop stores
  show_in_box restore --overwrite --yes
  in_box systemctl daemon-reload
  show_in_box platform start
  audit restored
  picture_box after
  prove "  destroyed and restored there: files, and the units that run" "$scratch/before.box" "$scratch/after.box"
  proofs+=("  $(figure orders "$scratch/restored.audit") orders were in the point, of them lost $(figure lost "$scratch/restored.audit"), doubled $(figure doubled "$scratch/restored.audit")")
}
