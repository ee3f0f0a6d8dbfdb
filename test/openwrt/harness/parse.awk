# A file of /etc/config to records, one a line, fields divided by tabs:
#   S section type is-anonymous | O section option value | L section option value
# Section of an anonymous one: cfg with its place and 4 digits. No tabs and line ends in values.
function word(   result, mark, at) {
	sub(/^[ \t]+/, "", rest)
	if (rest == "" || rest ~ /^#/) { rest = ""; return "\001" }
	result = ""
	while (rest != "" && rest !~ /^[ \t]/) {
		mark = substr(rest, 1, 1)
		if (mark == "'" || mark == "\"") {
			at = index(substr(rest, 2), mark)
			if (at == 0) { print "line " NR ": a quote is never closed" > "/dev/stderr"; failed = 1; exit 1 }
			result = result substr(rest, 2, at - 1)
			rest = substr(rest, at + 2)
		} else if (mark == "\\") {
			result = result substr(rest, 2, 1)
			rest = substr(rest, 3)
		} else {
			result = result mark
			rest = substr(rest, 2)
		}
	}
	return result
}
{
	rest = $0
	keyword = word()
	if (keyword == "\001" || keyword == "package") next
	first = word(); second = word()
	if (keyword == "config") {
		anonymous = second == "\001"
		section = anonymous ? sprintf("cfg%02x%04x", ++sections, length(first) * 257) : second
		if (!anonymous) sections++
		print "S\t" section "\t" first "\t" anonymous
	} else if (keyword == "option" || keyword == "list") {
		if (second == "" || second == "\001") next
		print (keyword == "option" ? "O" : "L") "\t" section "\t" first "\t" second
	} else { print "line " NR ": " keyword > "/dev/stderr"; failed = 1; exit 1 }
}
