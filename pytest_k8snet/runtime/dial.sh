# Dials from the network namespaces of containers on a kind node; nothing runs in a container.
#
# $1: the longest that one dial may take, in seconds, once all have begun. Standard input: questions, each ended
# by an empty line. A line is "dial NUMBER CONTAINER PROTOCOL ADDRESS PORT", from the network
# namespace of a container ("-": the node's own), or "count CONTAINER". All dials of a
# question are made at once, then its containers are counted, and "end" is printed. For a
# dial "open NUMBER" is printed where the connection was made, and "refused NUMBER" where the
# other side said no; for a container how many datagrams its network namespace has given to
# sockets, and how many found none: "count CONTAINER GIVEN PORTLESS". Needs bash and nsenter.
LC_ALL=C
export LC_ALL
cd /proc || exit 2
newline='
'

# Several datagrams, so that their number tells them from what the receiver gets by chance; each
# from a socket of its own, since a closed port answers and the next write would fail. What bash
# says of an error goes to a file for each dial: on one pipe several would be mixed.
dialler='
dial() {
  if [ "$2" = UDP ]; then
    for _ in 1 2 3 4 5 6 7; do printf k >"/dev/udp/$3/$4" || return; done
  else
    : 3<>"/dev/tcp/$3/$4" && echo "open $1"
  fi
}
said=$(mktemp -d) dialled= asked=0
while read -r number protocol address port; do
  dial "$number" "$protocol" "$address" "$port" 2>"$said/$number" &
  dialled="$dialled $!" asked=$((asked + 1))
done
# On a busy machine some may not have begun by now: each makes its file first.
{
  until begun=("$said"/*); [ "${#begun[@]}" -ge "$asked" ]; do sleep 0.1; done
  sleep "$1"
  kill -KILL $dialled
} >/dev/null 2>&1 &
clock=$!
wait $dialled 2>/dev/null
kill "$clock" 2>/dev/null
for file in $(grep -ls "Connection refused" "$said"/*); do echo "refused ${file##*/}"; done
rm -r "$said"
'

# The counters of https://datatracker.ietf.org/doc/html/rfc4113: a datagram that reached the pod
# was either given to a socket or found no port; a policy that forbids it keeps it from both.
count() {
  given=0 portless=0
  while read -r name in none _; do
    case $name$in in Udp:[0-9]*) given=$in portless=$none ;; esac
  done <"${process[$1]}/net/snmp"
  while read -r name number; do
    case $name in
    Udp6InDatagrams) given=$((given + number)) ;;
    Udp6NoPorts) portless=$((portless + number)) ;;
    esac
  done <"${process[$1]}/net/snmp6"
  echo "count $1 $given $portless"
}

# A process of each container that has not ended: one that has keeps no namespace.
find_processes() {
  for line in $(grep -Hs -m 1 -F -e "$*" [0-9]*/cgroup); do
    for container; do
      case $line in
      *"$container"*)
        [ -n "${process[$container]}" ] || ! readlink "${line%%/*}/ns/net" >/dev/null 2>&1 ||
          process[$container]=${line%%/*}
        ;;
      esac
    done
  done
}

declare -A process dials
while read -r what number container rest; do
  dials=() containers=() counted=()
  while [ -n "$what" ]; do
    if [ "$what" = count ]; then
      counted+=("$number") containers+=("$number")
    else
      [ -n "${dials[$container]}" ] || [ "$container" = - ] || containers+=("$container")
      dials[$container]+="$number $rest$newline"
    fi
    read -r what number container rest || exit
  done
  process=()
  if [ "${#containers[@]}" -gt 0 ]; then
    IFS=$newline
    find_processes "${containers[@]}"
    unset IFS
  fi
  for container in "${!dials[@]}"; do
    enter=
    if [ "$container" != - ]; then
      [ -n "${process[$container]}" ] || continue
      enter="nsenter --target ${process[$container]} --net"
    fi
    $enter bash -c "$dialler" bash "$1" <<<"${dials[$container]%"$newline"}" &
  done
  wait
  for container in "${counted[@]}"; do
    [ -z "${process[$container]}" ] || count "$container"
  done 2>/dev/null
  echo end
done
