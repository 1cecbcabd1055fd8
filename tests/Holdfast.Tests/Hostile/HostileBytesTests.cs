using System.Text;
using System.Text.Json;
using CsCheck;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Crypto;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Keys;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Hostile;

/// <summary>Every reader of a repository's bytes takes whatever stands there, and fails as it says that it does or not at all.</summary>
public sealed class HostileBytesTests
{
    private static readonly Id Some = Id.Hash("some"u8);

    private static readonly string[] _awkward =
    [
        "null", "-1", "1e400", "99999999999999999999", "4294967295", "2147483648", "{", "}", "[", "]", "\"", ",", ":", "true", "\\ud800", "\\u0000", "{\"a\":1,\"a\":2}", "7", "\"\"", "..", "/",
    ];

    [Fact]
    public void Headers_of_packs() => Fuzz(
        PackHeader.Write([new PackEntry(Some, BlobType.Data, 100, 0), new PackEntry(Some, BlobType.Tree, 200, 300)]),
        bytes => PackHeader.Read(bytes), typeof(InvalidDataException));

    [Fact]
    public void Frames_of_zstd()
    {
        using var zstd = Zstd.Create(3);
        var frame = new byte[Zstd.Bound(5000)];
        var length = zstd.Compress(new byte[5000], frame);
        Fuzz(frame[..length], bytes =>
        {
            using var reader = Zstd.Create(3);
            reader.Decompress(bytes);
        }, typeof(InvalidDataException));
    }

    [Fact]
    public void Indexes() => Fuzz(
        IndexCodec.Write([new IndexedPack(Some, [(Some, new PackedBlob(Some, BlobType.Data, 0, 100, 0)), (Some, new PackedBlob(Some, BlobType.Tree, 100, 50, 90))])]).ToArray(),
        bytes => StoredFiles.Parse(FileKind.Index, "x", bytes, json => IndexCodec.Read(json.Span)), typeof(ResticException));

    [Fact]
    public void Trees() => Fuzz(
        TreeCodec.Encode([
            Forge.File("a", 5, Some) with { ExtendedAttributes = [new ExtendedAttribute("user.x", new byte[] { 1, 2 })], User = "root", LinkTarget = "x\uDCFF" },
            Forge.Folder("b\n\uDCFF", Some),
        ]),
        bytes => TreeCodec.Decode(bytes), typeof(ResticException));

    [Fact]
    public void Snapshots() => Fuzz(
        SnapshotCodec.Encode(new Snapshot { Time = Timestamp.Now(TimeProvider.System), Tree = Some, Parent = Some, Paths = ["/a"], Tags = ["holdfast"], Hostname = "h", Uid = 3, ProgramVersion = "1" }),
        bytes => StoredFiles.Parse(FileKind.Snapshot, "x", bytes, json => SnapshotCodec.Decode(json.Span, Some)), typeof(ResticException));

    [Fact]
    public void Configs() => Fuzz(new Config(2, Some, 0x3DA3358B4DC173).Write(), bytes => Config.Read(bytes), typeof(ResticException));

    [Fact]
    public void Key_files()
    {
        var file = KeyFile.Seal(RepositoryKey.Random(), "password", Forge.Cheap, Timestamp.Now(TimeProvider.System));
        Fuzz(file.Write(), bytes =>
        {
            var read = KeyFile.Read(bytes);
            if (read.Derivation is { N: < 1 << 12, R: < 16, P: < 16 } or { N: > 1 << 22 }) read.Open("password");
        }, typeof(ResticException), typeof(JsonException));
    }

    [Fact]
    public void Locks() => Fuzz(
        LockContent.OfThisProcess(LockKind.Shared, TimeProvider.System).Encode(),
        bytes => Staleness.IsStale(new StoredLock(Some, LockContent.Decode(bytes), TimeSpan.Zero)), typeof(JsonException), typeof(FormatException), typeof(InvalidOperationException));

    [Fact]
    public void Manifests()
    {
        var manifest = new Manifest { Platform = "p", RunId = "r", Mode = BackupMode.Online, HoldfastVersion = "1", Host = "h" };
        manifest.Components.Add(new ComponentRecord { Name = "files", Kind = "files", Path = "/files", Details = new System.Text.Json.Nodes.JsonObject { ["a"] = 1 } });
        manifest.Components[0].Versions["server"] = "15";
        manifest.Components[0].Counts["files"] = 3;
        manifest.Warnings.Add(Catalogue.RepositoryDamaged.With("x."));
        Fuzz(ManifestCodec.Write(manifest), bytes =>
        {
            var read = ManifestCodec.Read(bytes, "x");
            foreach (var component in read.Components)
                _ = (component.Name.Length, component.Kind.Length, component.Path.Length, component.Details?.ToJsonString(), component.Versions.Sum(item => item.Value.Length), component.Details?["a"]);
            foreach (var warning in read.Warnings) _ = (warning.Code.Length, warning.Message.Length, warning.Hint.Length, warning.Details.Sum(line => line.Length));
        }, typeof(ProblemException));
    }

    [Theory]
    [InlineData("""{"format":1,"platform":"p","runId":"r","mode":"online","holdfastVersion":"1","host":"h","components":[null]}""")]
    [InlineData("""{"format":1,"platform":"p","runId":"r","mode":"online","holdfastVersion":"1","host":"h","components":[{"name":"files","kind":"files","path":"/files","details":7}]}""")]
    [InlineData("""{"format":1,"platform":"p","runId":"r","mode":"online","holdfastVersion":"1","host":"h","components":[{"name":"files","kind":"files","path":"/files/../etc"}]}""")]
    [InlineData("""{"format":1,"platform":"p","runId":"r","mode":"online","holdfastVersion":"1","host":"h","components":[{"name":null,"kind":"files","path":"/files"}]}""")]
    [InlineData("""{"format":1,"platform":"p","runId":"r","mode":"online","holdfastVersion":"1","host":"h","warnings":[null]}""")]
    [InlineData("""{"format":1,"platform":"p","runId":"r","mode":"online","holdfastVersion":"1","host":"h","components":[{"name":"files","kind":"files","path":"/files","details":{"a":1,"a":2}}]}""")]
    public void A_manifest_with_holes_is_none(string json) =>
        Assert.Equal(Catalogue.PointManifest.Code, Assert.Throws<ProblemException>(() => ManifestCodec.Read(Encoding.UTF8.GetBytes(json), "x")).Problem.Code);

    private static void Fuzz(byte[] valid, Action<byte[]> read, params Type[] expected)
    {
        read([.. valid]);
        var edit = Gen.Select(Gen.Int[0, 6], Gen.Double[0, 1], Gen.Int[0, 40], Gen.Byte);
        edit.List[1, 6].Sample(
            edits =>
            {
                var bytes = edits.Aggregate(valid.ToList(), (current, one) => Change(current, one.Item1, (int)(one.Item2 * current.Count), one.Item3, one.Item4));
                try
                {
                    read([.. bytes]);
                }
                catch (Exception failure) when (Array.Exists(expected, type => type.IsInstanceOfType(failure)))
                {
                    // That is how it says that the bytes are not what was written.
                }
            },
            iter: Sample.IsLong ? -1 : 4000, time: Sample.IsLong ? 600 : -1, threads: Sample.IsLong ? 1 : -1, print: edits => string.Join("; ", edits));
    }

    private static List<byte> Change(List<byte> bytes, int kind, int at, int count, byte value)
    {
        count = Math.Min(count, bytes.Count - at);
        switch (kind)
        {
            case 0 when count > 0: bytes[at] ^= (byte)(1 << (value & 7)); break;
            case 1 when count > 0: bytes[at] = value; break;
            case 2: bytes.RemoveRange(at, count); break;
            case 3: bytes.InsertRange(at, bytes.GetRange(at, count)); break;
            case 4: bytes.RemoveRange(at, bytes.Count - at); break;
            case 5: bytes.InsertRange(at, Encoding.UTF8.GetBytes(_awkward[value % _awkward.Length])); break;
            default:
                bytes.RemoveRange(at, count);
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(_awkward[value % _awkward.Length]));
                break;
        }
        return bytes;
    }
}
