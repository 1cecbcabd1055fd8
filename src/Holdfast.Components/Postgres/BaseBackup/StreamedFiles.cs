using System.Buffers;
using System.Collections.Frozen;
using System.Formats.Tar;
using System.Globalization;
using System.Text.RegularExpressions;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// Writes the archives of a base backup into a recovery point file by file as they are received, without temporary
/// files.
/// </summary>
internal sealed partial class StreamedFiles(string cluster, CaptureSession session, BackupStream stream, StepContext context)
{
    /// <summary>Files that are stored in base.json, from which a restore writes them.</summary>
    private const string LabelName = "backup_label", MapName = "tablespace_map";

    /// <summary>Files that are left out because they would mislead the restored server.</summary>
    private static readonly FrozenSet<string> _left = new[] { LabelName, MapName, "standby.signal", "recovery.signal", "recovery.conf", "recovery.done" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The largest file in bytes that is read as text: it has a line for each tablespace.</summary>
    private const long LargestText = 16 << 20;

    /// <summary>The zeroes that end an archive; servers before version 15 leave them to the client.</summary>
    private const int TarEnd = 1024;

    private readonly BackupManifest _manifest = new();
    private readonly HashSet<string> _owned = new(StringComparer.Ordinal), _links = new(StringComparer.Ordinal);
    private byte[]? _told;
    private long _files;
    private long _bytes;

    public BackupBegun? Begun { get; private set; }

    public string? Label { get; private set; }

    public string? TablespaceMap { get; private set; }

    /// <summary>The LSN where the copy ended; null when pages are damaged.</summary>
    public NpgsqlTypes.NpgsqlLogSequenceNumber? End { get; private set; }

    /// <summary>The damaged pages that the server found when it verified its pages.</summary>
    public DamagedPages Damaged { get; } = new();

    public CopyCounts Counts => new(_files, 0, _bytes, Damaged, 0, 0);

    /// <exception cref="ProblemException">The backup is incomplete.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var hasEnded = false;
        while (await stream.WaitAsync(cancellation))
            switch (await stream.ReadAsync(cancellation))
            {
                case BackupBegun begun:
                    Begun = begun;
                    break;
                case ArchiveBegun archive:
                    await ReadArchiveAsync(archive.Tablespace, cancellation);
                    break;
                case ManifestBegun:
                    _told = await ReadManifestAsync(cancellation);
                    break;
                case BackupEnded ended:
                    (End, hasEnded) = (ended.Lsn, true);
                    break;
                case BackupData rest: // zeroes after the end of an archive
                    ArrayPool<byte>.Shared.Return(rest.Bytes);
                    break;
            }
        if (!hasEnded || Begun is null || Label is null) throw Catalogue.PostgresBackup.Throwable($"The base backup of {cluster} was not sent to its end.");
        if (_told is not null) _manifest.Verify(cluster, _told);
        ReportDamage();
    }

    private async Task ReadArchiveAsync(uint? tablespace, CancellationToken cancellation)
    {
        var (root, path) = tablespace is { } oid ? (string.Create(CultureInfo.InvariantCulture, $"pg_tblspc/{oid}/"), BasePath.Tablespace(cluster, oid)) : ("", BasePath.Data(cluster));
        await using var archive = new ArchiveStream(stream, TarEnd);
        await using var reader = new TarReader(archive, leaveOpen: true);
        while (await NextAsync(reader, path, cancellation) is { } entry) await AddAsync(entry, root, path, cancellation);
        await archive.CopyToAsync(Stream.Null, cancellation);
    }

    private async Task<TarEntry?> NextAsync(TarReader reader, string archive, CancellationToken cancellation)
    {
        try
        {
            return await reader.GetNextEntryAsync(copyData: false, cancellation);
        }
        catch (Exception broken) when (broken is InvalidDataException or FormatException or ArgumentException or OverflowException or EndOfStreamException or NotSupportedException)
        {
            throw Bad($"its archive {archive} cannot be read: {broken.Message.TrimEnd('.')}", broken);
        }
    }

    private ProblemException Bad(string why, Exception? inner = null) =>
        Catalogue.PostgresBackup.Throwable($"The server of {cluster} sent what is no base backup: {why}.", inner);

    private async Task AddAsync(TarEntry entry, string root, string folder, CancellationToken cancellation)
    {
        var name = entry.Name.TrimEnd('/');
        if (name.StartsWith("./", StringComparison.Ordinal)) name = name[2..];
        var metadata = Metadata(entry);
        // The data directory and the folders of tablespaces are not in their own archives; they get the owner of their
        // contents.
        if (_owned.Add(folder)) session.Writer.AddDirectory(folder, metadata with { Permissions = 0x1C0 });
        if (name.Length is 0 || name == ".") return;
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                session.Writer.AddDirectory($"{folder}/{name}", metadata);
                break;
            case TarEntryType.SymbolicLink when Tablespace().IsMatch(root + name):
                if (!_links.Add(name)) throw Bad($"{name} twice");
                session.Writer.AddNode($"{folder}/{name}", Link(entry, metadata));
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                await AddFileAsync(entry, root + name, $"{folder}/{name}", metadata, cancellation);
                break;
            default:
                throw Bad($"{root}{name} is neither a file, a directory nor the link of a tablespace ({entry.EntryType})");
        }
    }

    private async Task AddFileAsync(TarEntry entry, string relative, string path, EntryMetadata metadata, CancellationToken cancellation)
    {
        await using var content = new SummedStream(entry.DataStream ?? Stream.Null);
        if (_left.Contains(relative)) await KeepAsync(relative, content, entry.Length, cancellation);
        else await session.Writer.AddStreamAsync(path, content, metadata, cancellation);
        if (content.Count != entry.Length) throw Catalogue.PostgresBackup.Throwable($"The base backup of {cluster} ended in the middle of {relative}.");
        if (!_manifest.TryAdd(relative, content.Count, content.Sum)) throw Bad($"{relative} twice");
        (_files, _bytes) = (_files + 1, _bytes + content.Count);
        Interlocked.Exchange(ref context.Counters.BytesDone, _bytes);
        Interlocked.Exchange(ref context.Counters.ItemsDone, _files);
    }

    private async Task KeepAsync(string name, Stream content, long length, CancellationToken cancellation)
    {
        if (length > LargestText) throw Bad($"{name} with {length} bytes");
        using var reader = new StreamReader(content, leaveOpen: true);
        var text = await reader.ReadToEndAsync(cancellation);
        if (name == LabelName) Label = text;
        if (name == MapName && text.Length > 0) TablespaceMap = text;
    }

    private async Task<byte[]> ReadManifestAsync(CancellationToken cancellation)
    {
        using var told = new MemoryStream();
        await using var content = new ArchiveStream(stream, end: 0);
        var most = BackupManifest.LargestOf(_files);
        var buffer = new byte[128 << 10];
        for (int read; (read = await content.ReadAsync(buffer, cancellation)) > 0; told.Write(buffer, 0, read))
            if (told.Length > most) throw Bad($"a manifest of more than {most} bytes for {_files} files");
        told.Position = 0;
        await session.Writer.AddStreamAsync(BasePath.Manifest(cluster), told, cancellation: cancellation);
        return told.ToArray();
    }

    private static EntryMetadata Metadata(TarEntry entry) => new()
    {
        Permissions = (uint)entry.Mode, Uid = (uint)entry.Uid, Gid = (uint)entry.Gid, ModifyTime = Timestamp.FromDateTimeOffset(entry.ModificationTime),
        User = (entry as PosixTarEntry)?.UserName, Group = (entry as PosixTarEntry)?.GroupName,
    };

    private static Node Link(TarEntry entry, EntryMetadata metadata) => new()
    {
        Name = "", Type = NodeType.Symlink, Mode = GoMode.Symlink | 0x1FF, LinkTarget = entry.LinkName, Uid = metadata.Uid, Gid = metadata.Gid, User = metadata.User ?? "", Group = metadata.Group ?? "", Links = 1,
        ModifyTime = metadata.ModifyTime!.Value, AccessTime = metadata.ModifyTime.Value, ChangeTime = metadata.ModifyTime.Value,
    };

    private void ReportDamage()
    {
        foreach (var match in stream.Notices.Select(notice => Damage().Match(notice)).Where(match => match.Success))
            Damaged.Add(match.Groups["file"].Value, uint.Parse(match.Groups["block"].ValueSpan, CultureInfo.InvariantCulture));
        Damaged.Report(context, file => $"{file} of {cluster}");
        // The notices are in another language, or worded differently by another version.
        if (End is null && Damaged.Files.Count == 0)
            context.Warn(Catalogue.PostgresChecksum.With($"Pages of {cluster} do not fit their checksums: {stream.Notices.LastOrDefault() ?? "the server's log says which"}"));
    }

    /// <summary>
    /// The only link that a server sends: for the link of pg_wal it sends a directory. Source: PostgreSQL, sendDir in
    /// basebackup.c.
    /// </summary>
    [GeneratedRegex("^pg_tblspc/[0-9]{1,10}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Tablespace();

    [GeneratedRegex("""file "(\./)?(?<file>[^"]+)", block (?<block>[0-9]+)""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Damage();

    /// <summary>The data of one archive, up to the next message, followed by the given number of zeroes.</summary>
    private sealed class ArchiveStream(BackupStream stream, int end) : ReadOnlyStream
    {
        private int _end = end;
        private byte[]? _bytes;
        private ReadOnlyMemory<byte> _rest;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_rest.IsEmpty && !await NextAsync(cancellationToken)) return 0;
            var count = Math.Min(_rest.Length, buffer.Length);
            _rest[..count].CopyTo(buffer);
            _rest = _rest[count..];
            return count;
        }

        protected override void Dispose(bool disposing)
        {
            Return();
            base.Dispose(disposing);
        }

        private async Task<bool> NextAsync(CancellationToken cancellation)
        {
            Return();
            if (!await stream.WaitAsync(cancellation) || !stream.TryPeek(out var next) || next is not BackupData data)
            {
                (_rest, _end) = (new byte[_end], 0);
                return !_rest.IsEmpty;
            }
            await stream.ReadAsync(cancellation);
            (_bytes, _rest) = (data.Bytes, data.Bytes.AsMemory(0, data.Count));
            return true;
        }

        private void Return()
        {
            if (_bytes is { } bytes) ArrayPool<byte>.Shared.Return(bytes);
            (_bytes, _rest) = (null, default);
        }
    }
}

/// <summary>Counts what was copied of a cluster.</summary>
/// <param name="Files">The number of files.</param>
/// <param name="Unread">The number of files that had not changed and were not read.</param>
/// <param name="Bytes">The number of bytes that were read or received.</param>
/// <param name="Damaged">Pages whose checksums do not match.</param>
/// <param name="Deltas">The number of files of which only changed pages were stored.</param>
/// <param name="DeltaPages">The number of those pages.</param>
internal sealed record CopyCounts(long Files, long Unread, long Bytes, DamagedPages Damaged, long Deltas, long DeltaPages)
{
    /// <summary>The number of sparse files of other owners that were left out.</summary>
    public int LeftOut { get; init; }
}
