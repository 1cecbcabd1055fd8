namespace Holdfast.Cli.Manual;

/// <summary>The examples on the pages of commands. A test parses each line as the program does.</summary>
internal static class Examples
{
    private static readonly Dictionary<string, (string Purpose, string Line)[]> _all = new(StringComparer.Ordinal)
    {
        ["holdfast"] =
        [
            ("As root, a first profile from what runs on this machine; read it, and correct it in an editor:", "holdfast setup"),
            ("Every mistake in it, with its line:", "holdfast profile validate"),
            ("The repository and its password, a copy of which belongs away from this machine:", "holdfast init --generate-password"),
            ("What a backup would do, and the first recovery point (where systemd does not run, with '--mode online'):", "holdfast backup --plan"),
            ("", "holdfast backup"),
            ("Which recovery points there are, and what is in the newest, below a directory:", "holdfast points list"),
            ("", "holdfast restore --target /tmp/look"),
        ],
        ["setup"] = [("A first profile, to be read and corrected:", "holdfast setup --platform shop")],
        ["init"] = [("The repository of the profile, with a new password:", "holdfast init --generate-password")],
        ["check"] = [("Whether anything is in the way of a backup:", "holdfast check")],
        ["backup"] =
        [
            ("What would be done:", "holdfast backup --plan"),
            ("A recovery point for which the platform stands still for seconds:", "holdfast backup"),
            ("One while it runs, as in a container without systemd:", "holdfast backup --mode online"),
        ],
        ["points"] = [("All recovery points, and what is in the newest:", "holdfast points list"), ("", "holdfast points show latest"), ("What changed:", "holdfast points diff d65233a8 latest")],
        ["restore"] =
        [
            ("What would be done:", "holdfast restore --plan"),
            ("Files, and dumps of databases, below a directory; no server is touched:", "holdfast restore --target /tmp/look"),
            ("One database, without touching the others:", "holdfast restore --only postgres:shop"),
            ("One file, back to its place:", "holdfast restore --only files --include /etc/nginx/nginx.conf"),
            ("The dumps of a cluster as files, for psql:", "holdfast restore --only postgres/main --target /root/look"),
            ("On an empty machine, in place of what is there:", "holdfast restore --overwrite --repository /mnt/backup --password-file /root/password"),
        ],
        ["queues"] = [("What waits in queues:", "holdfast queues list")],
        ["wal"] = [("How far the archive is:", "holdfast wal status")],
        ["serve"] = [("The service that archives WAL, as its unit starts it:", "holdfast serve")],
        ["repo"] = [("Whether the repository is whole, every byte of it:", "holdfast repo check --read-data"), ("What must be kept away from the machine, beside the password:", "holdfast repo kit /mnt/stick/kit"), ("All recovery points, WAL and messages, into another repository:", "holdfast repo copy --to /mnt/backup --to-password-file /root/password --init")],
        ["platform"] = [("What runs:", "holdfast platform status"), ("Stop and start it in order:", "holdfast platform stop"), ("", "holdfast platform start")],
        ["recover"] = [("What a killed run has left half done is undone:", "holdfast recover")],
        ["runs"] = [("A backup that lost its terminal:", "holdfast runs follow")],
        ["profile"] = [("Every mistake, with its line:", "holdfast profile validate"), ("What may stand in one:", "holdfast profile schema")],
        ["completions"] = [("In ~/.bashrc, where no package has installed them:", "holdfast completions bash")],
        ["man"] = [("These pages:", "holdfast man --output /usr/local/share/man")],
    };

    /// <summary>The examples of a command, with what each is for; empty for a command that has none.</summary>
    public static IReadOnlyList<(string Purpose, string Line)> Of(string command) => _all.GetValueOrDefault(command) ?? [];

    /// <summary>The command lines of all examples.</summary>
    public static IEnumerable<string> Lines => _all.Values.SelectMany(examples => examples).Select(example => example.Line);
}
