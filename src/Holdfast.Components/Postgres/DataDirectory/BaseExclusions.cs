using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using Holdfast.Components.Postgres.Format;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>
/// The files that a base backup leaves out, as pg_basebackup does: what the server recreates at its start, what belongs
/// to sessions, and what would mislead the restored server. Source: PostgreSQL's manual, 26.3.3.2, "Backing Up the Data
/// Directory", and src/backend/backup/basebackup.c, "excludeDirContents" and "excludeFiles".
/// </summary>
/// <param name="root">The data directory, or the folder of a tablespace.</param>
internal sealed class BaseExclusions(string root)
{
    /// <summary>The directory of the WAL, which may be a symbolic link.</summary>
    public const string Log = "pg_wal";

    private static readonly FrozenSet<string> EmptyFolders = new[]
    {
        Log, "pg_replslot", "pg_dynshmem", "pg_notify", "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Files = new[]
    {
        "postmaster.pid", "postmaster.opts", "backup_label", "backup_label.old", "tablespace_map", "tablespace_map.old", "backup_manifest", "postgresql.auto.conf.tmp",
        "current_logfiles.tmp", "recovery.signal", "standby.signal", "recovery.conf", "recovery.done",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The unlogged relations of a folder: after a crash, as after a restore, they are empty.</summary>
    private readonly ConcurrentDictionary<string, FrozenSet<string>> _unlogged = new(StringComparer.Ordinal);

    /// <summary>
    /// For the folder of a tablespace, the only subfolder that belongs to this server; null for a data directory.
    /// </summary>
    public string? Tablespace { get; init; }

    /// <summary>
    /// True for what is left out of the copy of a stopped server: sockets, and other servers' folders in a tablespace.
    /// </summary>
    public bool ExcludesStopped(string path, NodeType type) =>
        path.Length > root.Length && (type == NodeType.Socket || path[(root.Length + 1)..] is var relative && (IsForeign(relative) || (type == NodeType.Symlink && relative == Log)));

    /// <summary>True for what is left out of the copy of a running server, with everything below it.</summary>
    public bool Excludes(string path, NodeType type)
    {
        if (path.Length <= root.Length) return false;
        var relative = path[(root.Length + 1)..];
        if (IsForeign(relative)) return true;
        var slash = relative.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 && Files.Contains(relative)) return true;
        if (slash < 0 && EmptyFolders.Contains(relative)) return type == NodeType.Symlink; // the restore creates a folder in its place
        if (slash > 0 && EmptyFolders.Contains(relative[..slash])) return true;
        var name = relative[(relative.LastIndexOf('/') + 1)..];
        return name.StartsWith("pgsql_tmp", StringComparison.Ordinal) || name.StartsWith("pg_internal.init", StringComparison.Ordinal)
            || type == NodeType.Socket || RelationFile.IsTemporary(name) || IsUnlogged(path, name);
    }

    /// <summary>
    /// True for a symbolic link in a place where the server has files of its own; links of tablespaces do not count,
    /// and neither do links to what an administrator keeps elsewhere, such as configuration and logs.
    /// </summary>
    public bool IsLost(string path, NodeType type) =>
        type == NodeType.Symlink && path.Length > root.Length && (Tablespace is not null || ClusterFolder.IsOwn(path[(root.Length + 1)..]));

    /// <summary>True for a path, relative to the data directory, of a file below a folder that has relations.</summary>
    public static bool IsRelations(string relative) => relative.Split('/') is ["base" or "global", _, ..] or ["pg_tblspc", [>= '1' and <= '9', ..] , _, ..];

    /// <summary>
    /// True for an entry of a tablespace's folder that is not the folder of a server version, in which all of its
    /// relations are. Source: src/include/common/relpath.h, TABLESPACE_VERSION_DIRECTORY.
    /// </summary>
    public bool IsStrange(string path, NodeType type) =>
        Tablespace is not null && path.LastIndexOf('/') == root.Length
            && (type != NodeType.Directory || !IsVersion(path.AsSpan(root.Length + 1)));

    private static readonly SearchValues<char> _version = SearchValues.Create("0123456789._");

    private static bool IsVersion(ReadOnlySpan<char> name) => name.StartsWith("PG_") && name[3..].IndexOfAnyExcept(_version) < 0;

    private bool IsForeign(string relative) => Tablespace is { } own && relative != own && !relative.StartsWith(own + '/', StringComparison.Ordinal);

    private bool IsUnlogged(string path, string name)
    {
        if (RelationFile.Parse(name) is not { } relation || relation.Fork == "init") return false;
        return _unlogged.GetOrAdd(path[..^(name.Length + 1)], FindUnlogged).Contains(relation.Node);
    }

    private static FrozenSet<string> FindUnlogged(string folder)
    {
        try
        {
            return LocalEntries.Names(folder).Where(name => name.EndsWith("_init", StringComparison.Ordinal)).Select(name => name[..^"_init".Length]).ToFrozenSet(StringComparer.Ordinal);
        }
        catch (IOException)
        {
            return []; // the folder has just been dropped, and its files with it
        }
    }
}
