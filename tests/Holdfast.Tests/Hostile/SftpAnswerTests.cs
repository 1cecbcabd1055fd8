using System.Text;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Sftp;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Hostile;

/// <summary>What an SFTP server answers may be anything: it costs no memory, crashes nobody, and is never believed.</summary>
public sealed class SftpAnswerTests
{
    private const byte Open = 3, Read = 5, OpenFolder = 11, ReadFolder = 12;
    private static readonly string Name = new('a', 64);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Names_that_are_no_files_of_ours_are_passed_over()
    {
        var names = new[] { ".", "..", "../config", $"../{Name}", $"{Name}/x", "", "\0", Name, Name, "README" };
        var listed = await ListAsync(new FalseSftp(null, (type, number, _) => [Listing(type, number, Entries(names))]));
        Assert.Equal([new StoredFile(Name, 7, DateTimeOffset.UnixEpoch)], listed);
    }

    public static TheoryData<string, byte[]> Greetings => new()
    {
        { "it did not answer the greeting", FalseSftp.Status(0, 0) },
        { "which is too old", [2, 0, 0, 0, 2] },
        { "shorter than what it holds", [2, 0, 0] },
        { "shorter than what it holds", [2, 0, 0, 0, 3, 255, 255, 255, 255, 1] },
        { "shorter than what it holds", [2, 0, 0, 0, 3, 0, 0, 0, 1, 65] },
        { "too many extensions", [2, 0, 0, 0, 3, .. Enumerable.Range(0, 2000).SelectMany(number => (byte[])[0, 0, 0, 2, (byte)(number >> 8), (byte)number, 0, 0, 0, 0])] },
    };

    [Theory]
    [MemberData(nameof(Greetings))]
    public Task A_greeting_that_is_none_ends_the_connection(string what, byte[] greeting) =>
        BreaksAsync(what, new FalseSftp(greeting, (_, _, _) => []));

    public static TheoryData<string, byte[]> Answers => new()
    {
        { "what it was not asked", FalseSftp.Status(77, 0) },
        { "shorter than what it holds", [101] },
        { "shorter than what it holds", FalseSftp.Packet(101, 1) },
        { "does not fit its request", FalseSftp.Packet(103, 1, 0, 0, 0, 1, 1) },
        { "success without what was asked for", FalseSftp.Status(1, 0) },
        { "shorter than what it holds", FalseSftp.Packet(105, 1, 0, 0, 0, 1) },
        { "larger than any can be", FalseSftp.Packet(105, 1, 0, 0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 255) },
        { "shorter than what it holds", FalseSftp.Packet(105, 1, 0x80, 0, 0, 0, 255, 255, 255, 255) },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public Task An_answer_that_is_none_ends_the_connection(string what, byte[] answer) =>
        BreaksAsync(what, new FalseSftp(null, (_, _, _) => [answer]));

    [Theory]
    [InlineData(0)]
    [InlineData(0x0004_0001)]
    [InlineData(0x7FFF_FFFF)]
    [InlineData(0xFFFF_FFFF)]
    public async Task A_packet_that_is_longer_than_any_is_not_waited_for(uint length)
    {
        var program = new RawProgram([0, 0, 0, 5, 2, 0, 0, 0, 3, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length, 101, 0]);
        await BreaksAsync("a length that none may have", program);
    }

    [Fact]
    public async Task What_a_login_prints_is_named() =>
        await BreaksAsync("'This account is currently not available.'", new RawProgram(Encoding.ASCII.GetBytes("This account is currently not available.\n")));

    [Theory]
    [InlineData(0)]
    [InlineData(70_000)]
    public async Task More_data_than_was_asked_for_and_none_end_the_connection(int bytes)
    {
        var program = new FalseSftp(null, (type, number, _) => type switch
        {
            Open => [FalseSftp.Packet(102, number, 0, 0, 0, 1, 1)],
            Read => [FalseSftp.Packet(103, number, [0, (byte)(bytes >> 16), (byte)(bytes >> 8), (byte)bytes, .. new byte[bytes]])],
            _ => [FalseSftp.Status(number, 0)],
        });
        var failure = await FailsAsync(() => BackendOf(program).ReadAsync(FileKind.Index, Name, 0, new byte[60_000], Now).AsTask());
        Assert.Contains("no data, or more than", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_in_small_parts_and_in_another_order_is_put_together()
    {
        var content = Enumerable.Range(0, 200_000).Select(number => (byte)(number * 31)).ToArray();
        var (asked, held) = (0, Array.Empty<byte>());
        var program = new FalseSftp(null, (type, number, request) =>
        {
            if (type == Open) return [FalseSftp.Packet(102, number, 0, 0, 0, 1, 1)];
            if (type != Read) return [FalseSftp.Status(number, 0)];
            var (offset, length) = ((request[11] << 8) | request[12] | (request[10] << 16), Math.Min(1000, (request[15] << 8) | request[16] | (request[14] << 16)));
            byte[] answer = FalseSftp.Packet(103, number, [0, 0, (byte)(length >> 8), (byte)length, .. content.AsSpan(offset, length)]);
            switch (++asked)
            {
                case 1: held = answer; return []; // later than the second
                case 2: return [answer, held];
                default: return [answer];
            }
        });
        var read = new byte[content.Length];
        await BackendOf(program).ReadAsync(FileKind.Index, Name, 0, read, Now);
        Assert.Equal(content, read);
    }

    [Fact]
    public async Task A_listing_without_an_end_is_given_up()
    {
        byte[] many = [.. Enumerable.Range(0, 4000).SelectMany(_ => Entry("x"))];
        await BreaksListingAsync("more than 2000000 files", new FalseSftp(null, (type, number, _) => [type == ReadFolder ? FalseSftp.Packet(104, number, [0, 0, 4000 >> 8, 4000 & 255, .. many]) : Listing(type, number, [])]));
        await BreaksListingAsync("lists nothing, and no end", new FalseSftp(null, (type, number, _) => [type == ReadFolder ? FalseSftp.Packet(104, number, 0, 0, 0, 0) : Listing(type, number, [])]));
        await BreaksListingAsync("longer than any may be", new FalseSftp(null, (_, number, _) => [FalseSftp.Packet(102, number, [0, 0, 1, 44, .. new byte[300]])]));
    }

    [Fact]
    public async Task Bytes_that_are_drawn_at_random_break_nothing_but_the_connection()
    {
        var random = Sample.Random("answers of SFTP");
        for (var round = 0; round < 300; round++)
        {
            var program = new FalseSftp(null, (_, number, _) =>
            {
                var noise = new byte[random.Next(0, 60)];
                random.NextBytes(noise);
                return [FalseSftp.Packet((byte)random.Next(101, 106), number, noise), FalseSftp.Packet((byte)random.Next(101, 106), number + 1, noise)];
            });
            try
            {
                await ListAsync(program);
                await BackendOf(program).ReadWholeAsync(FileKind.Index, Name, 1 << 20, Now);
            }
            catch (ResticException named)
            {
                Assert.True(named.Error is ResticError.InputOutput or ResticError.NotFound or ResticError.ReadOnly or ResticError.Damaged, $"Seed {Sample.Seed}: {named}");
            }
        }
    }

    [Fact]
    public async Task Words_of_the_server_have_no_control_characters_and_an_end()
    {
        byte[] words = [.. Encoding.UTF8.GetBytes($"\u001b[2Jbad{new string('x', 1000)}")];
        var program = new FalseSftp(null, (_, number, _) => [FalseSftp.Packet(101, number, [0, 0, 0, 4, 0, 0, (byte)(words.Length >> 8), (byte)words.Length, .. words])]);
        var failure = await FailsAsync(() => BackendOf(program).SizeAsync(FileKind.Config, "", Now).AsTask());
        Assert.Contains("'[2Jbadxxx", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', failure.Message);
        Assert.InRange(failure.Message.Length, 200, 350);
    }

    [Fact]
    public async Task A_server_that_says_nothing_ends_an_operation_by_deadline()
    {
        var clock = new ManualClock();
        var program = new FalseSftp(null, (_, _, _) => []);
        var backend = BackendOf(program, clock);
        var failure = await clock.RunAsync(FailsAsync(() => backend.SizeAsync(FileKind.Config, "", Now).AsTask()), TimeSpan.FromSeconds(5));
        Assert.Equal(ResticError.Unreachable, failure.Error);
        Assert.Contains("did next to nothing for 120 seconds", failure.Message, StringComparison.Ordinal);
        Assert.InRange(program.Started, 2, 10); // it is tried again, for some minutes
    }

    private static SftpBackend BackendOf(IPipedProgram program, TimeProvider? clock = null) =>
        new(SftpLocation.Parse("sftp:host:/srv"), new SftpOptions { Program = _ => program, Clock = clock ?? TimeProvider.System });

    private static async Task<List<StoredFile>> ListAsync(IPipedProgram program)
    {
        var files = new List<StoredFile>();
        await foreach (var file in BackendOf(program).ListAsync(FileKind.Index, Now)) files.Add(file);
        return files;
    }

    /// <summary>A folder with these entries, and its end.</summary>
    private static byte[] Listing(byte type, uint number, byte[] entries) => type switch
    {
        OpenFolder => FalseSftp.Packet(102, number, 0, 0, 0, 1, 1),
        ReadFolder when number == 2 => FalseSftp.Packet(104, number, entries),
        ReadFolder => FalseSftp.Status(number, 1),
        _ => FalseSftp.Status(number, 0),
    };

    private static byte[] Entries(string[] names) => [0, 0, 0, (byte)names.Length, .. names.SelectMany(Entry)];

    /// <summary>A regular file of 7 bytes, of the beginning of 1970.</summary>
    private static byte[] Entry(string name) =>
    [
        0, 0, 0, (byte)Encoding.UTF8.GetByteCount(name), .. Encoding.UTF8.GetBytes(name), 0, 0, 0, 0,
        0, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0x81, 0x80, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    private static async Task BreaksAsync(string what, IPipedProgram program)
    {
        var failure = await FailsAsync(() => BackendOf(program).SizeAsync(FileKind.Config, "", Now).AsTask());
        Assert.Equal(ResticError.InputOutput, failure.Error);
        Assert.Contains(what, failure.Message, StringComparison.Ordinal);
    }

    private static async Task BreaksListingAsync(string what, IPipedProgram program)
    {
        var failure = await FailsAsync(() => ListAsync(program));
        Assert.Equal(ResticError.InputOutput, failure.Error);
        Assert.Contains(what, failure.Message, StringComparison.Ordinal);
    }

    private static Task<ResticException> FailsAsync(Func<Task> call) => Assert.ThrowsAsync<ResticException>(call);

    /// <summary>Says the same bytes to everybody, and then no more.</summary>
    private sealed class RawProgram(byte[] bytes) : IPipedProgram
    {
        public string? LastWords => null;

        public ValueTask<Stream> StartAsync(CancellationToken cancellation) => new(new Said(bytes));

        private sealed class Said(byte[] bytes) : MemoryStream(bytes)
        {
            public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;
        }
    }
}
