using System.ComponentModel;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// The folders of tablespaces that a dump makes and the server does not have yet. PostgreSQL makes none itself; on the server's machine root does, as
/// docs/decisions/0042-folders-of-tablespaces.md says.
/// </summary>
/// <param name="missing">The tablespaces whose folders are made.</param>
/// <param name="server">The server, on this machine.</param>
/// <param name="lacking">Those whose folders only a person can make.</param>
internal sealed class TablespaceFolders(IReadOnlyList<DumpedTablespace> missing, LocalServer? server, IReadOnlyList<DumpedTablespace> lacking)
{
    /// <summary>Places in which a new folder may be read by a program of root's.</summary>
    private static readonly string[] _configured =
        ["/bin/", "/boot/", "/dev/", "/etc/", "/lib/", "/lib32/", "/lib64/", "/proc/", "/root/", "/run/", "/sbin/", "/sys/", "/usr/", "/var/run/", "/var/spool/"];

    private const string Known = "SELECT spcname FROM pg_catalog.pg_tablespace";

    /// <summary>Compares what a script makes with what the server and its machine have.</summary>
    /// <param name="connection">A session of the server.</param>
    /// <param name="server">The server where it is on this machine; else its folders cannot be seen, and nothing is missing before PostgreSQL says so.</param>
    /// <param name="dumped">The tablespaces of the script.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<TablespaceFolders> FindAsync(NpgsqlConnection connection, LocalServer? server, IReadOnlyList<DumpedTablespace> dumped, CancellationToken cancellation)
    {
        if (server is null || dumped.Count == 0) return new TablespaceFolders([], null, []);
        var known = (await connection.RowsAsync(Known, row => row[0], cancellation)).ToHashSet(StringComparer.Ordinal);
        var missing = dumped.Where(tablespace => !known.Contains(tablespace.Name) && !Directory.Exists(tablespace.Folder)).ToList();
        var made = missing.Where(tablespace => Environment.IsPrivilegedProcess && MayMake(tablespace.Folder, server.Owner.User)).ToList();
        return new TablespaceFolders(made, server, [.. missing.Except(made)]);
    }

    /// <summary>A sentence for the plan, with a space before it; empty where all is there.</summary>
    public string Describe() =>
        string.Concat(missing.Select(tablespace => $" Makes the folder {tablespace.Folder} of tablespace \"{tablespace.Name}\"."))
        + string.Concat(lacking.Select(tablespace => $" Goes without tablespace \"{tablespace.Name}\", whose folder {tablespace.Folder} does not exist."));

    /// <summary>Refuses databases of tablespaces that cannot be made.</summary>
    /// <param name="databases">Those that are restored.</param>
    /// <param name="keepsGoing">Tables may come into the database's own tablespace instead.</param>
    /// <exception cref="ProblemException">One is in a tablespace that cannot be made.</exception>
    public void Require(IReadOnlyList<DatabaseContents> databases, bool keepsGoing)
    {
        foreach (var tablespace in lacking)
        {
            var users = databases.Where(database => keepsGoing ? database.Properties.Tablespace == tablespace.Name : Uses(database, tablespace.Name)).Select(database => $"\"{database.Name}\"").ToList();
            if (users.Count > 0) throw Missing(tablespace, $"The folder {tablespace.Folder} of tablespace \"{tablespace.Name}\" does not exist, and {(users.Count == 1 ? "database" : "databases")} {string.Join(", ", users)} cannot be restored without it.");
        }
    }

    /// <summary>Whether a database has anything in a tablespace.</summary>
    public static bool Uses(DatabaseContents database, string tablespace) => database.Properties.Tablespace == tablespace || database.SizeByTablespace.ContainsKey(tablespace);

    /// <summary>Makes the folders, mode 0700 and the server's own; above them folders that every user passes through.</summary>
    /// <exception cref="ProblemException">One cannot be made.</exception>
    public void Make()
    {
        foreach (var tablespace in missing)
            try
            {
                Make(tablespace.Folder, server!.Owner);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or Win32Exception or ProblemException)
            {
                throw Missing(tablespace, $"The folder {tablespace.Folder} of tablespace \"{tablespace.Name}\" cannot be made: {failure.Message}");
            }
    }

    private static void Make(string folder, (uint User, uint Group) owner)
    {
        using var tree = PrivateTree.Make(folder, Catalogue.PostgresFiles);
        FileOwner.Give(tree.Handle, owner);
    }

    /// <summary>
    /// The path comes from the recovery point: a folder of the server's user where programs of root look for configuration would make that user root. So it
    /// is made only where data lies, in a folder of root's or of that user.
    /// </summary>
    internal static bool MayMake(string folder, uint user)
    {
        var parts = folder.Split('/')[1..];
        if (parts.Any(part => part.Length == 0 || part[0] == '.') || _configured.Any(place => (folder + "/").StartsWith(place, StringComparison.Ordinal))) return false;
        var above = folder;
        while (FileFacts.TryFind(above) is null) above = Path.GetDirectoryName(above)!;
        try
        {
            return FileFacts.Of(above) is { IsFolder: true } facts && (facts.User == 0 || facts.User == user) && TrustedPath.Keeper(folder) is var keeper && (keeper is null || keeper.Value.User == user);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static ProblemException Missing(DumpedTablespace tablespace, string message) => Catalogue.PostgresTablespace.Throwable(
        message, $"Make it on the server's machine: 'install -d -o postgres -g postgres -m 700 {tablespace.Folder}'; or leave these databases out with --exclude.");
}
