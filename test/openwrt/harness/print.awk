# Records back to text. how: file, export (file with its package), show
BEGIN { FS = "\t" }
function quoted(text) { gsub(/'/, "'\\''", text); return "'" text "'" }
function flush() { if (list != "") print list; list = "" }
NR == 1 && how == "export" { print "package " name "\n" }
$1 == "S" {
	flush()
	if (how == "show") {
		seen[$3]++
		called[$2] = $4 ? "@" $3 "[" (seen[$3] - 1) "]" : $2
		print name "." called[$2] "=" $3
	} else print (NR > 1 ? "\n" : "") "config " $3 ($4 ? "" : " " quoted($2))
}
$1 == "O" {
	flush()
	if (how == "show") print name "." called[$2] "." $3 "=" quoted($4)
	else print "\toption " $3 " " quoted($4)
}
$1 == "L" {
	if (how != "show") print "\tlist " $3 " " quoted($4)
	else if (list != "" && key == $2 SUBSEP $3) list = list " " quoted($4)
	else { flush(); list = name "." called[$2] "." $3 "=" quoted($4) }
	key = $2 SUBSEP $3
}
END { flush() }
