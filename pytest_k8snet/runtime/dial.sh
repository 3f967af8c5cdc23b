# Dials from the network namespaces of containers on a kind node; nothing runs in a container.
#
# $1: the longest that one dial may take, in seconds. Standard input: a line for each
# dial: its number, the id of the container to dial from ("-": the node itself), the
# protocol, the address and the port. All dials are made at once. For each that was
# answered its number and a word are printed: "open", "refused", or for UDP, where
# nobody has to answer, "sent". What is not printed got no answer. Needs bash and nsenter.
LC_ALL=C
export LC_ALL
cd /proc || exit 2

declare -A dials
while read -r number container rest; do
  dials[$container]+="$number $rest"$'\n'
done

# Several datagrams, so that their number tells them from what the receiver gets by chance; each
# from a socket of its own, since a closed port answers and the next write would fail.
dialler='
dial() {
  if [ "$2" = UDP ]; then
    for _ in 1 2 3 4 5 6 7; do printf k >"/dev/udp/$3/$4" || return; done
    echo "$1 sent"
  elif : 3<>"/dev/tcp/$3/$4"; then
    echo "$1 open"
  else
    echo "$1 refused"
  fi
}
pids=
while read -r number protocol address port; do
  dial "$number" "$protocol" "$address" "$port" 2>/dev/null &
  pids="$pids $!"
done
{ sleep "$1"; kill -KILL $pids; } >/dev/null 2>&1 &
clock=$!
wait $pids 2>/dev/null
kill "$clock" 2>/dev/null
'

for container in "${!dials[@]}"; do
  enter=
  if [ "$container" != - ]; then
    for file in $(grep -ls -F "$container" [0-9]*/cgroup); do
      # A process that has ended has no namespace any more.
      if readlink "${file%/cgroup}/ns/net" >/dev/null 2>&1; then
        enter="nsenter --target ${file%/cgroup} --net"
        break
      fi
    done
    [ -n "$enter" ] || continue
  fi
  $enter bash -c "$dialler" bash "$1" <<<"${dials[$container]%$'\n'}" &
done
wait
