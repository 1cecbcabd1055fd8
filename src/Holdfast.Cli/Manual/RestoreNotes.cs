namespace Holdfast.Cli.Manual;

/// <summary>
/// The explanations on the page of 'restore' besides its options: patterns, and the manual restore of a part.
/// </summary>
internal static class RestoreNotes
{
    public static void Write(RoffPage page)
    {
        page.Heading("WHAT IT DOES")
            .Paragraph("It shows what it would do and asks, unless --yes is given. Without --overwrite it replaces nothing: what differs is moved aside, to a name with the id of the run (holdfast-concepts(7)). It stops no service, except a PostgreSQL server whose files it exchanges: stop the platform first, with 'holdfast platform stop'. With --target everything is written below a directory, and no server is touched.");
        page.Heading("PATTERNS")
            .Paragraph("--include and --exclude take patterns of paths, as restic does. Both may be given several times; what an --exclude fits is left out, whatever is included.")
            .Item("/etc/nginx", "Begins with a slash: this path, and all below it.")
            .Item("nginx.conf, conf.d/*.conf", "Does not: what fits below any directory, and all below that.")
            .Item("*, ?, [a-z], [^a-z]", "In a name: any characters, any character, one of a set, one that is not in it. A backslash takes the next character as it is.")
            .Item("**", "Between slashes: any number of directories, none included.");
        page.Paragraph("Put a pattern in quotes, so that the shell does not expand it. Databases, queues and indices are chosen by their names, or by their directories in the recovery point, as 'holdfast points files' lists them. With --include everything that fits no pattern is left out, databases too. Below a --target patterns choose files alone: dumps, messages and indices are written whole, and --only limits them.");
        page.Heading("COMPONENTS AND PARTS")
            .Paragraph("--only limits a restore to components and to parts of them, which go by their names in the recovery point ('holdfast points show'). It may be given several times.")
            .Item("postgres", "All components of a kind: files, postgres, search, queues.")
            .Item("postgres/main", "One component, as the profile names it.")
            .Item("postgres:shop", "A database, in every cluster of the point that has one of this name. Roles and tablespaces come with it, other databases stay as they are. A cluster that was captured by its files comes back as a whole.")
            .Item("postgres/main:shop", "The database of one cluster.")
            .Item("search:orders, queues:mails", "In the same way an index or a data stream, a queue or a list. Files are chosen with --include.");
        page.Heading("RESTORING A DATABASE OR A TABLE BY HAND")
            .Paragraph("With --target a dump is written as files: scripts for psql, and the rows of each table. The directory belongs to root alone, but psql runs as postgres, so that the dump is copied for postgres first. As root, for the database shop of the cluster main:")
            .Verbatim(
                "holdfast restore --only postgres/main --target /root/look",
                "cp -a /root/look/postgres/main/dump ~postgres/dump",
                "chown -R postgres: ~postgres/dump",
                "cd ~postgres/dump/shop")
            .Paragraph("The whole database, into a cluster that has none of this name. A role that exists already does no harm:")
            .Verbatim(
                "runuser -u postgres -- psql -X -d postgres -f ../globals.sql",
                "runuser -u postgres -- psql -X -d postgres -v ON_ERROR_STOP=1 -f restore.sql")
            .Paragraph("One table, into a new one beside it. The line of restore.sql that names the file of its rows names the columns, too:")
            .Verbatim(
                "grep -F data/public.orders.copy restore.sql",
                "runuser -u postgres -- psql -X -d shop",
                "CREATE TABLE public.orders_old (LIKE public.orders);",
                "\\copy public.orders_old(id, total) from 'data/public.orders.copy' with (encoding 'UTF8')")
            .Paragraph("Remove both copies afterwards: they are not encrypted, and globals.sql holds the passwords of roles as hashes.");
    }
}
