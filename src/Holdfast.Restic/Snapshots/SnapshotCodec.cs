using System.Buffers;

namespace Holdfast.Restic.Snapshots;

/// <summary>
/// Converts a snapshot to and from JSON without a trailing newline. Source: restic, internal/restic/snapshot.go. Newer
/// versions add further fields (program_version, summary), which are ignored.
/// </summary>
internal static class SnapshotCodec
{
    public static byte[] Encode(Snapshot snapshot)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        var json = new GoJsonWriter(output);
        json.BeginObject();
        json.Field("time"u8);
        json.Time(snapshot.Time);
        WriteDigest(ref json, "parent"u8, snapshot.Parent);
        WriteDigest(ref json, "tree"u8, snapshot.Tree);
        json.Field("paths"u8);
        WriteTexts(ref json, snapshot.Paths);
        WriteAuthor(ref json, snapshot);
        WriteOptional(ref json, "excludes"u8, snapshot.Excludes);
        WriteOptional(ref json, "tags"u8, snapshot.Tags);
        WriteDigest(ref json, "original"u8, snapshot.Original);
        WriteText(ref json, "program_version"u8, snapshot.ProgramVersion);
        json.EndObject();
        json.Flush();
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Parses a snapshot, whose id is the name of the file.</summary>
    /// <exception cref="ResticException">Damaged: the bytes are not a valid snapshot.</exception>
    public static Snapshot Decode(ReadOnlySpan<byte> bytes, Id id) => SnapshotReader.Read(bytes, id);

    private static void WriteAuthor(ref GoJsonWriter json, Snapshot snapshot)
    {
        WriteText(ref json, "hostname"u8, snapshot.Hostname);
        WriteText(ref json, "username"u8, snapshot.Username);
        WriteNumber(ref json, "uid"u8, snapshot.Uid);
        WriteNumber(ref json, "gid"u8, snapshot.Gid);
    }

    private static void WriteOptional(ref GoJsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) return;
        json.Field(name);
        WriteTexts(ref json, texts);
    }

    private static void WriteTexts(ref GoJsonWriter json, IReadOnlyList<string> texts)
    {
        json.Raw("["u8);
        for (var i = 0; i < texts.Count; i++)
        {
            if (i > 0) json.Raw(","u8);
            json.String(texts[i]);
        }
        json.Raw("]"u8);
    }

    private static void WriteDigest(ref GoJsonWriter json, ReadOnlySpan<byte> name, Id? id)
    {
        if (id is not { } digest) return;
        json.Field(name);
        json.Digest(digest);
    }

    private static void WriteNumber(ref GoJsonWriter json, ReadOnlySpan<byte> name, uint value)
    {
        if (value == 0) return;
        json.Field(name);
        json.Number(value);
    }

    private static void WriteText(ref GoJsonWriter json, ReadOnlySpan<byte> name, string value)
    {
        if (value.Length == 0) return;
        json.Field(name);
        json.String(value);
    }
}
