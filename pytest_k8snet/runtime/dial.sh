# Dials from the network namespaces of containers on a kind node; nothing runs in a container.
#
# $1: the longest that one dial may take, in seconds, once all have begun. Standard input: questions, each ended
# by an empty line. A line is "dial NUMBER POD PROTOCOL ADDRESS PORT", from the network
# namespace of a pod's uid ("-": the node's own), or "count POD". All dials of a
# question are made at once, then its pods are counted, and "end" is printed. For a
# dial "open NUMBER" is printed where the connection was made, and "refused NUMBER" where the
# other side said no; for a pod what has arrived in its network namespace: how many datagrams
# at sockets, how many that found none, and how many connections were turned away:
# "count POD GIVEN PORTLESS TURNED_AWAY". Needs bash and nsenter.
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

# The counters of https://docs.kernel.org/networking/snmp_counter.html: what a policy forbids comes to
# none of them. A datagram is counted as its program's only when that reads it, which it may
# never do; so what is neither TCP's nor ICMP's of all that was delivered is UDP's. A
# connection is turned away with a reset, or silently where its program takes no more of them.
declare -A counter
read_counters() {
  while read -r name names; do
    read -r name values
    for name in $names; do
      counter[$name]=${values%% *} values=${values#* }
    done
  done
}
count() {
  counter=()
  read_counters < <(grep -E "^(Ip|Icmp|Tcp|Udp):" "${process[$1]}/net/snmp")
  portless=${counter[NoPorts]}
  delivered=$((counter[InDelivers] - counter[InMsgs] - counter[InSegs]))
  read_counters < <(grep "^TcpExt:" "${process[$1]}/net/netstat")
  while read -r name number; do
    case $name in
    Udp6NoPorts) portless=$((portless + number)) ;;
    Ip6InDelivers) delivered=$((delivered + number)) ;;
    Icmp6InMsgs) delivered=$((delivered - number)) ;;
    esac
  done <"${process[$1]}/net/snmp6"
  echo "count $1 $((delivered - portless)) $portless $((counter[OutRsts] + counter[ListenDrops]))"
}

# The oldest process of each pod, which made its namespaces: a program may move to others. One that
# has ended keeps none. The uid is a part of the path of its cgroup, with - or _ in it.
find_processes() {
  for line in $(grep -Hs -m 1 -e "${*//-/.}" [0-9]*/cgroup); do
    [ -e "${line%%/*}/ns/net" ] || continue
    read -r -d "" stat <"${line%%/*}/stat" # a name may have line breaks in it
    stat=${stat##*) } stat=${stat#* * * * * * * * * * * * * * * * * * * } began=${stat%% *}
    for pod; do
      case $line in
      *${pod//-/?}*)
        [ "${since[$pod]-$began}" -lt "$began" ] || process[$pod]=${line%%/*} since[$pod]=$began
        ;;
      esac
    done
  done 2>/dev/null
}

declare -A process since dials
while read -r what number pod rest; do
  dials=() pods=() counted=()
  while [ -n "$what" ]; do
    if [ "$what" = count ]; then
      counted+=("$number") pods+=("$number")
    else
      [ -n "${dials[$pod]}" ] || [ "$pod" = - ] || pods+=("$pod")
      dials[$pod]+="$number $rest$newline"
    fi
    read -r what number pod rest || exit
  done
  process=() since=()
  if [ "${#pods[@]}" -gt 0 ]; then
    IFS=$newline
    find_processes "${pods[@]}"
    unset IFS
  fi
  for pod in "${!dials[@]}"; do
    enter=
    if [ "$pod" != - ]; then
      [ -n "${process[$pod]}" ] || continue
      enter="nsenter --target ${process[$pod]} --net"
    fi
    $enter bash -c "$dialler" bash "$1" <<<"${dials[$pod]%"$newline"}" &
  done
  wait
  for pod in "${counted[@]}"; do
    [ -z "${process[$pod]}" ] || count "$pod"
  done 2>/dev/null
  echo end
done
