# Prints what /proc knows about the processes of some pods; changes nothing.
#
# Standard input: a mark and ids of containers and pods, one a line, and an empty line; then one
# sample is printed, and it waits for the next question. The mark begins the lines that
# are the script's own: it is longer than the name of a process can be, so no program can
# print one, and links to files are shown without line breaks. Runs where these processes can be seen:
# on a kind node, or in an ephemeral container of the pod. Needs a POSIX shell,
# grep and ls, and starts each of them a fixed number of times, however many
# processes there are. sample.py reads what is printed.
LC_ALL=C
export LC_ALL
cd /proc || exit 2
newline='
'
plain=
ls -q . >/dev/null 2>&1 && plain=q # BusyBox shows names so anyway

sample() {
  mark=$1 ids=$2
  unset IFS
  set +f
  # The main thread of a process may have ended while others go on: it is a
  # zombie then, and its cgroup, files and namespaces are to be found at the others.
  threads=
  for zombie in $(grep -ls ') Z ' [0-9]*/stat); do
    for thread in "${zombie%/stat}"/task/[0-9]*; do
      [ "${thread##*/}" = "${zombie%/stat}" ] || threads="$threads$newline$thread/cgroup"
    done
  done
  echo "$mark cgroup"
  found=$(grep -Hs -m 1 -F -e "$ids" [0-9]*/cgroup $threads)
  printf '%s\n' "$found"

  set -f
  IFS=$newline
  tasks=
  for line in $found; do
    tasks="$tasks$newline${line%%/cgroup:*}"
  done

  descriptors= spaces=
  for task in $tasks; do
    descriptors="$descriptors$newline$task/fd"
    spaces="$spaces$newline$task/ns/net"
  done

  # A name may have line breaks in it: each process is announced by a line of ours.
  echo "$mark stat"
  last=
  for task in $tasks; do
    process=${task%%/*}
    [ "$process" != "$last" ] || continue
    last=$process
    echo "$mark: $process"
    while read -r line; do
      printf '%s\n' "$line"
    done <"$process/stat"
  done 2>/dev/null

  echo "$mark uptime"
  read -r uptime <uptime
  echo "$uptime"

  echo "$mark net"
  links=$(ls -ln $spaces uptime 2>/dev/null)
  printf '%s\n' "$links"

  echo "$mark fd"
  ls -ln$plain $descriptors uptime 2>/dev/null | grep -e '^[0-9].*/fd:$' -e ' -> socket:'

  # One table for each network namespace: those in it see the same. Listening TCP
  # sockets are in state 0A; UDP sockets are in state 07 without a peer, 01 with one.
  seen=' ' tables= datagrams=
  for line in $links; do
    case $line in
    *' -> net:'*) ;;
    *) continue ;;
    esac
    space=${line##* -> }
    case $seen in
    *" $space "*) continue ;;
    esac
    seen="$seen$space "
    task=${line%/ns/net -> *}
    task=${task##* }
    tables="$tables$newline$task/net/tcp$newline$task/net/tcp6"
    datagrams="$datagrams$newline$task/net/udp$newline$task/net/udp6"
  done
  echo "$mark sockets"
  grep -HsE '^ *sl |^ *[0-9]+: [0-9A-F:]+ [0-9A-F:]+ 0A ' $tables /dev/null
  grep -HsE '^ *[0-9]+: [0-9A-F:]+ [0-9A-F:]+ (07|01) ' $datagrams /dev/null

  echo "$mark end"
}

while read -r mark; do
  wanted=
  while read -r id && [ -n "$id" ]; do
    wanted=${wanted:+$wanted$newline}$id
  done
  sample "$mark" "$wanted"
done
