using System.Buffers.Binary;
using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Hosts;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>A file to archive.</summary>
/// <param name="File">Its kind and name.</param>
/// <param name="Open">Opens its content, to be read from its beginning; the archive closes it.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Metadata">Its owner, and when it was last written.</param>
internal sealed record WalSource(WalFile File, Func<Stream> Open, long Length, EntryMetadata Metadata)
{
    /// <summary>
    /// The chunk size, 2 MiB. WAL never moves to another LSN, so chunks of a fixed size are found again in the archive,
    /// in recovery points and in partly received segments.
    /// </summary>
    public const int ChunkSize = 2 << 20;

    /// <summary>1 GiB: the largest segment that initdb makes. Source: PostgreSQL's manual, initdb, --wal-segsize.</summary>
    private const long LargestSegment = 1 << 30;

    /// <summary>
    /// The largest other file, 1 MiB: a history has a line for each timeline, and a backup history some hundred bytes.
    /// </summary>
    private const long LargestText = 1 << 20;

    /// <summary>
    /// The system identifier of the cluster, for a file that does not contain it; null when the file does, or it is
    /// unknown.
    /// </summary>
    public ulong? System { get; init; }

    /// <summary>Creates the source for a file of this machine.</summary>
    /// <param name="file">Its kind and name.</param>
    /// <param name="path">Its absolute path, whose last part is the name of a WAL file.</param>
    /// <param name="owner">Only files of this user are read; null for any.</param>
    /// <exception cref="IOException">The file does not exist, cannot be read, or is too large for its kind.</exception>
    public static WalSource Of(WalFile file, string path, uint? owner = null)
    {
        using var opened = OpenOwned(path, owner);
        var most = file.Kind is WalFileKind.History or WalFileKind.Backup ? LargestText : LargestSegment;
        if (opened.Length > most) throw new IOException($"{path}: it has {opened.Length} bytes, and no such file has more than {most}");
        return new WalSource(file, () => Read(path, owner), opened.Length, new EntryMetadata
        {
            Permissions = (uint)opened.Mode & 0x1FF, Uid = opened.User, Gid = opened.Group, ModifyTime = Timestamp.FromDateTimeOffset(new DateTimeOffset(opened.Written, TimeSpan.Zero)), ChunkSize = ChunkSize,
        })
        { System = file.Kind is WalFileKind.History or WalFileKind.Backup ? SystemBeside(path, owner) : null };
    }

    /// <summary>
    /// The system identifier from the control file of the data directory in whose pg_wal a file is; null for other
    /// places.
    /// </summary>
    private static ulong? SystemBeside(string path, uint? owner)
    {
        try
        {
            using var control = OpenOwned(ControlFile.PathIn(Path.GetDirectoryName(Path.GetDirectoryName(path)) ?? ""), owner);
            Span<byte> number = stackalloc byte[sizeof(ulong)];
            return RandomAccess.Read(control.Handle, number, 0) == number.Length ? BinaryPrimitives.ReadUInt64LittleEndian(number) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Creates the source for a file that was received and is held in memory.</summary>
    public static WalSource Of(WalFile file, ReadOnlyMemory<byte> content) => new(file, () => new MemoryStream(content.ToArray()), content.Length, new EntryMetadata { ChunkSize = ChunkSize });

    private static OwnedFile OpenOwned(string path, uint? owner)
    {
        var opened = OwnedFile.Open(path);
        if (owner is null or 0 || opened.User == owner) return opened;
        using (opened) throw new IOException($"{path}: it is not a file of the user who asked for it");
    }

    private static FileStream Read(string path, uint? owner) => new(OpenOwned(path, owner).Handle, FileAccess.Read, bufferSize: 0);
}
