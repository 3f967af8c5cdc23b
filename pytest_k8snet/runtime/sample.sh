# Prints what /proc knows about the processes of some containers; changes nothing.
#
# Standard input: container ids, one a line, and an empty line; then one sample is
# printed, and it waits for the next ids. Runs where these processes can be seen:
# on a kind node, or in an ephemeral container of the pod. Needs a POSIX shell,
# grep and ls, and starts each of them a fixed number of times, however many
# processes there are. sample.py reads what is printed.
LC_ALL=C
export LC_ALL
cd /proc || exit 2
newline='
'

sample() {
  ids=$1
  unset IFS
  set +f
  echo '== cgroup'
  found=$(grep -Hs -m 1 -F -e "$ids" [0-9]*/cgroup)
  printf '%s\n' "$found"

  set -f
  IFS=$newline
  tasks=
  for line in $found; do
    tasks="$tasks$newline${line%%/*}"
  done

  # The main thread of a process may have ended while others go on: it is a
  # zombie then, and its files and namespaces are to be found at the others.
  stats=
  for task in $tasks; do
    stats="$stats$newline$task/stat"
  done
  for zombie in $(grep -ls ') Z ' $stats /dev/null); do
    set +f
    for thread in "${zombie%/stat}"/task/[0-9]*; do
      tasks="$tasks$newline$thread"
    done
    set -f
  done

  descriptors= spaces=
  for task in $tasks; do
    descriptors="$descriptors$newline$task/fd"
    spaces="$spaces$newline$task/ns/net"
  done

  echo '== stat'
  grep -Hs '' $stats /dev/null

  echo '== uptime'
  read -r uptime <uptime
  echo "$uptime"

  echo '== net'
  links=$(ls -ln $spaces uptime 2>/dev/null)
  printf '%s\n' "$links"

  echo '== fd'
  ls -ln $descriptors uptime 2>/dev/null | grep -e '^[0-9].*/fd:$' -e ' -> socket:'

  # One table for each network namespace: those in it see the same. Listening TCP
  # sockets are in state 0A; UDP sockets without a peer are in state 07.
  seen=' ' tables=
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
    tables="$tables$newline$task/net/tcp$newline$task/net/tcp6$newline$task/net/udp$newline$task/net/udp6"
  done
  echo '== sockets'
  grep -HsE '^ *sl |^ *[0-9]+: [0-9A-F:]+ [0-9A-F:]+ (07|0A) ' $tables /dev/null

  echo '== end'
}

wanted=
while read -r id; do
  if [ -n "$id" ]; then
    wanted=${wanted:+$wanted$newline}$id
  elif [ -n "$wanted" ]; then
    sample "$wanted"
    wanted=
  fi
done
