using System.Buffers.Binary;
using System.IO.Pipelines;
using Holdfast.Restic.Backends;

namespace Holdfast.Tests.Hostile;

/// <summary>
/// What passes for ssh with an SFTP server behind it: it greets, then answers each request as it was told to. For what no real
/// server sends.
/// </summary>
/// <param name="greeting">The first packet, without its length; null for one of version 3 without extensions.</param>
/// <param name="answer">The answers to a request (type, number, what follows) as packets without their lengths.</param>
internal sealed class FalseSftp(byte[]? greeting, Func<byte, uint, byte[], IEnumerable<byte[]>> answer) : IPipedProgram
{
    public static readonly byte[] Greeting = [2, 0, 0, 0, 3];

    /// <summary>How many connections were made.</summary>
    public int Started { get; private set; }

    public string? LastWords => null;

    public ValueTask<Stream> StartAsync(CancellationToken cancellation)
    {
        Started++;
        var (requests, answers) = (new Pipe(), new Pipe());
        _ = ServeAsync(requests.Reader.AsStream(), answers.Writer.AsStream());
        return new(new Duplex(answers.Reader.AsStream(), requests.Writer.AsStream()));
    }

    /// <summary>A packet of a type for the request of a number.</summary>
    public static byte[] Packet(byte type, uint number, params byte[] more)
    {
        var packet = new byte[5 + more.Length];
        packet[0] = type;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(1), number);
        more.CopyTo(packet.AsSpan(5));
        return packet;
    }

    /// <summary>A status without words, as of version 2.</summary>
    public static byte[] Status(uint number, byte code) => Packet(101, number, 0, 0, 0, code);

    private async Task ServeAsync(Stream requests, Stream answers)
    {
        try
        {
            await ReadAsync(requests);
            await WriteAsync(answers, greeting ?? Greeting);
            while (true)
            {
                var request = await ReadAsync(requests);
                foreach (var packet in answer(request[0], BinaryPrimitives.ReadUInt32BigEndian(request.AsSpan(1)), request[5..]))
                    await WriteAsync(answers, packet);
            }
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException)
        {
            await answers.DisposeAsync(); // the other side has had enough, which is what is tested
        }
    }

    private static async Task<byte[]> ReadAsync(Stream requests)
    {
        var length = new byte[4];
        await requests.ReadExactlyAsync(length);
        var packet = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await requests.ReadExactlyAsync(packet);
        return packet;
    }

    private static async Task WriteAsync(Stream answers, byte[] packet)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, packet.Length);
        await answers.WriteAsync(length);
        await answers.WriteAsync(packet);
    }

    private sealed class Duplex(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);

        public override void Flush() => output.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                input.Dispose();
                output.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
