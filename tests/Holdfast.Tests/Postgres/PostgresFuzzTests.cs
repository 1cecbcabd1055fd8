using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using CsCheck;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Recovery;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Serving;
using Holdfast.Testing;
using NpgsqlTypes;
using Xunit;

namespace Holdfast.Tests.Postgres;

/// <summary>
/// Bytes that others write (a server, its user, whoever can write to the repository), valid but for a few changes: they are read, or refused by a
/// problem, and nothing else happens. HOLDFAST_LONG=1 tries for ten minutes each.
/// </summary>
public sealed class PostgresFuzzTests
{
    private const int PageSize = 8192, SegmentSize = 1 << 20;

    private static readonly int _seconds = Sample.IsLong ? 600 : 0;

    [Fact]
    public void Pages_and_records_of_WAL() => Try(Segment(), bytes =>
    {
        if (WalHeader.Read(bytes) is not { } header) return;
        var found = 0;
        new WalReader(header, _ => found++, (start, end) => found++).Read(bytes, header.Address);
        WalRecords.Read(bytes, bytes);
    });

    [Fact]
    public void Histories_of_timelines() => Try("1\t0/3000060\tno recovery target specified\n\n# a comment\n2\t0/5000000\tat restore point \"x\"\n"u8.ToArray(), bytes =>
    {
        if (TimelineHistory.Parse(3, Encoding.UTF8.GetString(bytes)) is not { } history) return;
        history.TimelineAt(new NpgsqlLogSequenceNumber(0));
        history.Continues(1, default);
    });

    [Fact]
    public void Control_files() => Try(Control(), bytes =>
    {
        if (bytes.Length >= 64) _ = ControlFile.Parse(bytes).State.ToString();
    });

    [Fact]
    public void Records_of_base_backups() => Try(Record().Write(), bytes =>
    {
        using var stream = new MemoryStream(bytes);
        var record = BaseRecord.ReadAsync(stream, CancellationToken.None).GetAwaiter().GetResult();
        RestorePlaces.Of(record, "/target", new Dictionary<string, string>(StringComparer.Ordinal)).Map(record.TablespaceMap);
        _ = RecoveryTarget.Of(Holdfast.Engine.Components.RecoveryRequest.None, record).Text;
    });

    [Theory]
    [InlineData("/../../etc")]
    [InlineData("/var/../../etc")]
    [InlineData("/var/./lib")]
    [InlineData("/var//lib")]
    [InlineData("/var/lib/")]
    [InlineData("/")]
    [InlineData("")]
    [InlineData("/var/lib/..")]
    public async Task Paths_of_a_record_lead_nowhere_but_down(string path)
    {
        foreach (var record in new[]
        {
            Record() with { DataDirectory = path },
            Record() with { ConfigFile = path },
            Record() with { Tablespaces = [new TablespaceEntry(16385, "fast", path)] },
            Record() with { Tablespaces = [new TablespaceEntry(16385, "inner", path.TrimStart('/') is { Length: > 0 } relative ? relative : "..")] },
        }) await Assert.ThrowsAsync<JsonException>(() => BaseRecord.ReadAsync(new MemoryStream(record.Write()), TestContext.Current.CancellationToken));
        _ = await BaseRecord.ReadAsync(new MemoryStream(Record().Write()), TestContext.Current.CancellationToken);
        _ = await BaseRecord.ReadAsync(new MemoryStream((Record() with { Tablespaces = [new TablespaceEntry(16385, "inner", "pg_tblspc/16385")] }).Write()), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("base/5/1247", true)]
    [InlineData("global/1262", true)]
    [InlineData("pg_tblspc/16385/PG_15_202209061/5/16386.1", true)]
    [InlineData("conf.d/5/1247", false)]
    [InlineData("base", false)]
    [InlineData("pg_tblspc/x/y", false)]
    [InlineData("pg_wal/000000010000000000000001", false)]
    public void Pages_belong_to_relations(string relative, bool expected) => Assert.Equal(expected, BaseExclusions.IsRelations(relative));

    [Fact]
    public void Manifests_of_base_backups() => Try("""{"Files": [{"Path": "a", "Size": 9, "Checksum-Algorithm": "CRC32C", "Checksum": "839206e3"}, {"Encoded-Path": "62ff", "Size": 0}]}"""u8.ToArray(), bytes =>
        new BackupManifest().Verify("main", bytes));

    [Fact]
    public void Maps_of_tablespaces() => Try(Encoding.UTF8.GetBytes(TablespaceMap.Line("16385", "/a\\b\nc") + TablespaceMap.Line("16386", "/d")), bytes => TablespaceMap.Read(Encoding.UTF8.GetString(bytes)));

    [Fact]
    public void Maps_of_pages() => Try(Map().Write(), bytes =>
    {
        if (PageMap.Read(bytes) is not { } map) return;
        Assert.True(map.Count <= bytes.Length / sizeof(ulong));
        _ = map[uint.MaxValue];
    });

    [Fact]
    public void Lists_of_pages() => Try(new PageList(PageSize, 5 * PageSize, [new ChangedPage(3, 1), new ChangedPage(4, 2)]).Write(), bytes =>
    {
        var list = PageList.Read(bytes);
        Assert.InRange(list.PageSize, 512, 65536);
        _ = new WantedPages(Map(), list).Length;
    });

    [Fact]
    public void Frames_of_the_service() => Try(ServeFrame.Write("failed", "HF-X", "message", "hint", "1", "0"), bytes =>
    {
        if (bytes.Length < ServeFrame.Head) return;
        Assert.InRange(ServeFrame.Length(bytes), 0, ServeFrame.Largest);
        ServeAnswer.Decode(ServeFrame.Words(bytes.AsSpan(ServeFrame.Head)));
    });

    [Fact]
    public void Names_of_files_of_WAL() => Try("00000001000000000000000A.00000028.backup"u8.ToArray(), bytes =>
    {
        var name = Encoding.Latin1.GetString(bytes);
        if (WalFile.Find(name) is not { } file) return;
        Assert.Equal(name, file.Name);
        Assert.DoesNotContain("/", name, StringComparison.Ordinal);
    });

    /// <summary>Changes, cuts and repeats bytes; only problems and what means damage may come out of the reading.</summary>
    private static void Try(byte[] valid, Action<byte[]> read)
    {
        var change = Gen.Select(Gen.Int[0, valid.Length - 1], Gen.OneOf(Gen.Byte, Gen.Const((byte)0), Gen.Const((byte)0x7F), Gen.Const((byte)0xFF)));
        var bytes = Gen.Select(change.Array[1, 12], Gen.Int[0, 9], Gen.Int[0, valid.Length]).Select((changes, kind, at) =>
        {
            var made = (byte[])valid.Clone();
            foreach (var (place, value) in changes) made[place] = value;
            return kind switch { 0 => made[..at], 1 => [.. made, .. made[at..]], 2 => [.. made[..at], .. made[(at + (made.Length - at) / 2)..]], _ => made };
        });
        Action<byte[]> judge = made =>
        {
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(made);
            }
            catch (Exception known) when (known is ProblemException or JsonException or InvalidDataException)
            {
                // Refused in words, which is what is wanted.
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 128L << 20);
        };
        if (_seconds > 0) bytes.Sample(judge, time: _seconds, threads: 1);
        else bytes.Sample(judge, iter: 400, threads: 1);
    }

    private static PageMap Map()
    {
        var map = PageMap.New(PageSize, 7, 3);
        for (uint block = 0; block < 3; block++) map.Set(block, block);
        return map;
    }

    private static byte[] Control()
    {
        var bytes = new byte[128];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, 7123456789);
        bytes[16] = 6;
        bytes[48] = 1;
        return bytes;
    }

    /// <summary>Two pages of a segment with a commit that goes on over both, a restore point, and the end of a prepared transaction.</summary>
    private static byte[] Segment()
    {
        var bytes = new byte[2 * PageSize];
        Page(bytes, 0, flags: 2, rest: 0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), 7123456789);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(32), SegmentSize);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(36), PageSize);
        Put(bytes, 40, length: 128, manager: 0, information: 0x70);
        Put(bytes, 168, length: 80, manager: 1, information: 0xB0);
        Put(bytes, 248, length: PageSize - 248 + 40, manager: 1, information: 0x00);
        Page(bytes, PageSize, flags: 1, rest: 40);
        return bytes;
    }

    private static void Page(byte[] bytes, int at, ushort flags, uint rest)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), 0xD110);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at + 2), flags);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at + 4), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at + 8), (ulong)(SegmentSize + at));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at + 16), rest);
    }

    private static void Put(byte[] bytes, int at, int length, byte manager, byte information)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), length);
        (bytes[at + 16], bytes[at + 17], bytes[at + 24], bytes[at + 25]) = (information, manager, 255, 100);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(at + 26), 700_000_000_000_000);
        if (manager == 1 && length == 80) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at + 34), 0x11F);
    }

    private static BaseRecord Record() => new()
    {
        Method = "base", SystemIdentifier = 7123456789, Version = 150018, DataDirectory = "/var/lib/postgresql/15/main", ConfigFile = "/etc/postgresql/15/main/postgresql.conf", Timeline = 1,
        SegmentSize = 16 << 20, StartLsn = "0/2000028", StopLsn = "0/2000100", BackupLabel = "START WAL LOCATION: 0/2000028\n", TablespaceMap = "16385 /ts\n", Tablespaces = [new TablespaceEntry(16385, "fast", "/ts")],
        Damaged = [new DamagedFile("base/5/1", [1, 2], 2)], Mark = new MarkEntry("holdfast-1", "0/3000000", DateTimeOffset.UnixEpoch),
    };
}
