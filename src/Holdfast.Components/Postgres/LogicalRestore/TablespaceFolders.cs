using System.ComponentModel;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// The folders of tablespaces that a dump creates and the server does not have yet. PostgreSQL does not create them; on
/// the server's machine root does, as docs/decisions/0042-folders-of-tablespaces.md describes.
/// </summary>
/// <param name="missing">The tablespaces whose folders are created.</param>
/// <param name="server">The server, on this machine.</param>
/// <param name="lacking">The tablespaces whose folders must be created by an administrator.</param>
internal sealed class TablespaceFolders(IReadOnlyList<DumpedTablespace> missing, LocalServer? server, IReadOnlyList<DumpedTablespace> lacking)
{
    /// <summary>Folders whose contents may be read as configuration by root's programs.</summary>
    private static readonly string[] _configured =
        ["/bin/", "/boot/", "/dev/", "/etc/", "/lib/", "/lib32/", "/lib64/", "/proc/", "/root/", "/run/", "/sbin/", "/sys/", "/usr/", "/var/run/", "/var/spool/"];

    private const string Known = "SELECT spcname FROM pg_catalog.pg_tablespace";

    /// <summary>Compares the tablespaces of a script with those of the server and its machine.</summary>
    /// <param name="connection">A session on the server.</param>
    /// <param name="server">
    /// The server when it is on this machine; otherwise its folders cannot be read, and none counts as missing until
    /// PostgreSQL reports it.
    /// </param>
    /// <param name="dumped">The tablespaces of the script.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    public static async Task<TablespaceFolders> FindAsync(NpgsqlConnection connection, LocalServer? server, IReadOnlyList<DumpedTablespace> dumped, CancellationToken cancellation)
    {
        if (server is null || dumped.Count == 0) return new TablespaceFolders([], null, []);
        var known = (await connection.RowsAsync(Known, row => row[0], cancellation)).ToHashSet(StringComparer.Ordinal);
        var missing = dumped.Where(tablespace => !known.Contains(tablespace.Name) && !Directory.Exists(tablespace.Folder)).ToList();
        var made = missing.Where(tablespace => Environment.IsPrivilegedProcess && MayMake(tablespace.Folder, server.Owner.User)).ToList();
        return new TablespaceFolders(made, server, [.. missing.Except(made)]);
    }

    /// <summary>Returns a sentence for the plan, with a leading space; empty when nothing is missing.</summary>
    public string Describe() =>
        string.Concat(missing.Select(tablespace => $" Makes the folder {tablespace.Folder} of tablespace \"{tablespace.Name}\"."))
        + string.Concat(lacking.Select(tablespace => $" Goes without tablespace \"{tablespace.Name}\", whose folder {tablespace.Folder} does not exist."));

    /// <summary>Verifies that no database uses a tablespace that cannot be created.</summary>
    /// <param name="databases">The databases that are restored.</param>
    /// <param name="keepsGoing">Whether tables may be created in the database's default tablespace instead.</param>
    /// <exception cref="ProblemException">A database uses a tablespace that cannot be created.</exception>
    public void Require(IReadOnlyList<DatabaseContents> databases, bool keepsGoing)
    {
        foreach (var tablespace in lacking)
        {
            var users = databases.Where(database => keepsGoing ? database.Properties.Tablespace == tablespace.Name : Uses(database, tablespace.Name)).Select(database => $"\"{database.Name}\"").ToList();
            if (users.Count > 0) throw Missing(tablespace, $"The folder {tablespace.Folder} of tablespace \"{tablespace.Name}\" does not exist, and {(users.Count == 1 ? "database" : "databases")} {string.Join(", ", users)} cannot be restored without it.");
        }
    }

    /// <summary>Returns whether a database uses a tablespace.</summary>
    public static bool Uses(DatabaseContents database, string tablespace) => database.Properties.Tablespace == tablespace || database.SizeByTablespace.ContainsKey(tablespace);

    /// <summary>
    /// Creates the folders with mode 0700 and the server's owner, and parent folders that every user can pass through.
    /// </summary>
    /// <exception cref="ProblemException">A folder cannot be created.</exception>
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
    /// Returns whether a folder may be created. The path comes from the recovery point: a folder of the server's user
    /// where root's programs read their configuration would give that user root's rights. So it is created only in
    /// places for data, in a folder of root or of that user.
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
