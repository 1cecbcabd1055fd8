using System.Security.Cryptography;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>
/// The files in a data directory that belong to the server or to Holdfast. A symbolic link in place of one would
/// redirect what is written, or disclose another file when it is read, so it is refused. Files are written under a
/// random name and renamed, so that none is ever written through a link.
/// </summary>
internal static class ClusterFolder
{
    /// <summary>
    /// Folders in which everything is the server's own. A backup would contain only the link itself and nothing of its
    /// target; after a restore, it would point to the old cluster's files.
    /// </summary>
    private static readonly string[] Folders = ["base", "global", "pg_commit_ts", "pg_logical", "pg_multixact", "pg_stat", "pg_twophase", "pg_xact"];

    /// <summary>
    /// Further paths that are the server's own. An administrator may keep configuration, logs and (of a stopped server)
    /// pg_wal elsewhere.
    /// </summary>
    private static readonly string[] Places =
    [
        .. Folders, "PG_VERSION", "global/pg_control", "pg_tblspc", BaseExclusions.Log, $"{BaseExclusions.Log}/archive_status", "postgresql.auto.conf",
        "recovery.signal", "standby.signal", "recovery.conf", "recovery.done", "backup_label", "tablespace_map", "postmaster.pid", "postmaster.opts", "restore.log",
    ];

    /// <summary>
    /// True for a path, relative to the data directory, at which the server or Holdfast would follow a link.
    /// </summary>
    public static bool IsOwn(string relative) =>
        Places.Contains(relative, StringComparer.Ordinal) || Folders.Append(BaseExclusions.Log).Any(folder => relative.StartsWith($"{folder}/", StringComparison.Ordinal));

    /// <exception cref="ProblemException">A link is in the place of a file of the server.</exception>
    public static void RefuseLinks(string data, string shown)
    {
        var logs = LocalEntries.TryFind($"{data}/{BaseExclusions.Log}", out var type, out _) && type == NodeType.Directory ? LocalEntries.Names($"{data}/{BaseExclusions.Log}") : [];
        foreach (var place in Places.Concat(logs.Select(name => $"{BaseExclusions.Log}/{name}")))
            if (LocalEntries.TryFind($"{data}/{place}", out var found, out _) && found == NodeType.Symlink)
                throw Link($"{shown}/{place}", LocalEntries.LinkTarget($"{data}/{place}"));
    }

    /// <summary>Creates the problem of a link in the place of a file of the server.</summary>
    public static ProblemException Link(string path, string target) => Catalogue.PostgresFiles.Throwable(
        $"{path} is a link to {target}, where PostgreSQL has a file of its own.", "Choose a recovery point without that link, or restore the files with 'restic restore' and look at them before a server is started.");

    /// <summary>
    /// Writes a file completely under a random name and renames it; an existing file or link of that name is replaced.
    /// </summary>
    public static void Write(string data, string name, ReadOnlySpan<byte> content)
    {
        using (var file = Begin(data, name, out var making))
        {
            RandomAccess.Write(file, content, 0);
            RandomAccess.FlushToDisk(file);
            File.Move(making, $"{data}/{name}", overwrite: true);
        }
    }

    public static void Write(string data, string name, string content) => Write(data, name, System.Text.Encoding.UTF8.GetBytes(content));

    /// <summary>Opens a new file beside the path of a file; the caller renames it.</summary>
    public static SafeFileHandle Begin(string data, string name, out string making)
    {
        making = $"{data}/{name}.{RandomNumberGenerator.GetHexString(16, lowercase: true)}.holdfast";
        var file = File.OpenHandle(making, FileMode.CreateNew, FileAccess.ReadWrite);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    /// <summary>Reads the text of a small file of the cluster; null when it does not exist.</summary>
    /// <exception cref="IOException">
    /// It is a link, not a regular file, or larger than <paramref name="most"/> bytes.
    /// </exception>
    public static string? ReadText(string path, int most)
    {
        try
        {
            using var file = OwnedFile.Open(path);
            if (file.Length > most) throw new IOException($"{path}: it has {file.Length} bytes, and {most} at most are read");
            return System.Text.Encoding.UTF8.GetString(ReadBytes(file, (int)file.Length));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Reads the beginning of a file, at most that many bytes.</summary>
    public static byte[] ReadBytes(OwnedFile file, int count)
    {
        var bytes = new byte[count];
        var filled = 0;
        while (filled < count && RandomAccess.Read(file.Handle, bytes.AsSpan(filled), filled) is var read and > 0) filled += read;
        return bytes[..filled];
    }
}
