using System.Buffers.Binary;
using System.Text;
using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Sftp;

/// <summary>
/// Handles the answer to a request; an <see cref="SftpFailure"/> that it throws is kept until all requests are
/// answered.
/// </summary>
/// <param name="type">The type of the answer.</param>
/// <param name="answer">The payload after the request id.</param>
internal delegate void SftpAnswer(SftpType type, SftpReader answer);

/// <summary>
/// One connection to an SFTP server, version 3 of the protocol. Many requests may be in flight; the caller that sent
/// them waits for all. It serves one operation at a time, and cannot be used after any failure other than an
/// <see cref="SftpFailure"/>. Packets of a server are limited to 256 KiB. Source: draft-ietf-secsh-filexfer-02;
/// OpenSSH, PROTOCOL.
/// </summary>
internal sealed class SftpChannel : IDisposable
{
    private const uint ProtocolVersion = 3;

    /// <summary>The limit for a packet, that of OpenSSH: sftp-common.h, SFTP_MAX_MSG_LENGTH.</summary>
    private const int LargestPacket = 256 << 10;

    /// <summary>The size that every server must accept. Source: draft-ietf-secsh-filexfer-02, section 3.</summary>
    private const int UsualPiece = 32 << 10;

    /// <summary>The largest piece whose packet is within the limit.</summary>
    private const int LargestPiece = LargestPacket - 1024;

    private const int MostRequests = 64, MostBytesOnTheWay = 4 << 20, SentAtOnce = 48 << 10, MostExtensions = 1000;

    private readonly Stream _stream;
    private readonly SftpWriter _sending = new();
    private readonly Dictionary<uint, SftpAnswer?> _asked = [];
    private readonly HashSet<string> _extensions = new(StringComparer.Ordinal);
    private byte[] _received = new byte[64 << 10];
    private int _begin;
    private int _end;
    private uint _number;
    private int _awaited;
    private SftpFailure? _failure;

    private SftpChannel(Stream stream, RestWatch watch) => (_stream, Watch) = (stream, watch);

    /// <summary>Cancels the current operation when it makes no progress.</summary>
    public RestWatch Watch { private get; set; }

    /// <summary>The number of bytes that one request reads or writes.</summary>
    public int Piece { get; private set; } = UsualPiece;

    /// <summary>
    /// True when one of the requests in flight has failed, so that no more of their kind should be sent.
    /// </summary>
    public bool HasFailed => _failure is not null;

    private int MostAsked => Math.Clamp(MostBytesOnTheWay / Piece, 2, MostRequests);

    /// <summary>Performs the handshake with a server.</summary>
    /// <param name="stream">The connection, owned by the channel from now on.</param>
    /// <param name="watch">The watch of the operation that needs the connection.</param>
    public static async Task<SftpChannel> OpenAsync(Stream stream, RestWatch watch)
    {
        var channel = new SftpChannel(stream, watch);
        try
        {
            await channel.GreetAsync();
            return channel;
        }
        catch
        {
            channel.Dispose();
            throw;
        }
    }

    /// <summary>Returns whether the server supports an extension.</summary>
    public bool Has(string extension) => _extensions.Contains(extension);

    /// <summary>Adds a request to the output buffer.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="write">Writes the payload after the request id.</param>
    /// <param name="answer">Handles the answer; null where it is ignored, and is not waited for.</param>
    public void Ask(SftpType type, Action<SftpWriter> write, SftpAnswer? answer)
    {
        write(_sending.Begin(type).Number(++_number));
        _sending.End();
        _asked.Add(_number, answer);
        if (answer is not null) _awaited++;
    }

    /// <summary>
    /// Sends the output buffer when it is full enough, and waits until there is room for more requests.
    /// </summary>
    public async ValueTask MakeRoomAsync()
    {
        if (_sending.Packets.Length >= SentAtOnce) await SendAsync();
        while (_asked.Count >= MostAsked) await AnswerAsync();
    }

    /// <summary>Sends the output buffer, and waits for all answers that are not ignored.</summary>
    /// <exception cref="SftpFailure">The first request that the server refused.</exception>
    public async Task CompleteAsync()
    {
        while (_awaited > 0) await AnswerAsync();
        await SendAsync();
        var failure = _failure;
        _failure = null;
        if (failure is not null) throw failure;
    }

    public void Dispose() => _stream.Dispose();

    private async Task GreetAsync()
    {
        _sending.Begin(SftpType.Init).Number(ProtocolVersion).End();
        await SendAsync();
        TakeVersion(new SftpReader((await ReceiveAsync()).Span));
        if (!Has(SftpExtension.Limits)) return;
        Ask(SftpType.Extended, request => request.Text(SftpExtension.Limits), TakeLimits);
        await CompleteAsync();
    }

    private void TakeVersion(SftpReader greeting)
    {
        if (greeting.Type() != SftpType.Version) throw new SftpViolation("it did not answer the greeting");
        if (greeting.Number() is var version and < ProtocolVersion) throw new SftpViolation($"it speaks version {version}, which is too old");
        while (!greeting.IsAtEnd)
        {
            var name = greeting.Text();
            greeting.Bytes();
            if (_extensions.Count >= MostExtensions) throw new SftpViolation("it has too many extensions");
            _extensions.Add(name);
        }
    }

    /// <summary>
    /// Adopts the limits of the server. A server that answers with a status gets the size that every server must
    /// accept; 0 means no limit. Source: OpenSSH, PROTOCOL, section 4.8.
    /// </summary>
    private void TakeLimits(SftpType type, SftpReader answer)
    {
        if (type != SftpType.ExtendedReply) return;
        answer.LongNumber();
        var most = Math.Min(answer.LongNumber(), answer.LongNumber());
        if (most > 0) Piece = (int)Math.Clamp(most, 1024, LargestPiece);
    }

    private async Task AnswerAsync()
    {
        await SendAsync();
        Answer((await ReceiveAsync()).Span);
    }

    private void Answer(ReadOnlySpan<byte> packet)
    {
        var reader = new SftpReader(packet);
        var (type, number) = (reader.Type(), reader.Number());
        if (!_asked.Remove(number, out var answer)) throw new SftpViolation("it answered what it was not asked");
        if (answer is null) return;
        _awaited--;
        try
        {
            answer(type, reader);
        }
        catch (SftpFailure failure)
        {
            _failure ??= failure;
        }
    }

    private async ValueTask SendAsync()
    {
        if (_sending.Packets.IsEmpty) return;
        var count = _sending.Packets.Length;
        try
        {
            await _stream.WriteAsync(_sending.Packets, Watch.Token).AsTask().WaitAsync(Watch.Token);
        }
        catch (IOException)
        {
            // A reader that consumes all received data learns why the connection has ended.
            while (true) await ReceiveAsync();
        }
        _sending.Clear();
        Watch.Progress(count);
    }

    /// <summary>Returns the next packet, without its length; it is valid until the next call.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync()
    {
        await FillAsync(sizeof(int));
        var length = BinaryPrimitives.ReadUInt32BigEndian(_received.AsSpan(_begin));
        if (length is 0 or > LargestPacket) throw await NoPacketAsync();
        await FillAsync(sizeof(int) + (int)length);
        var packet = _received.AsMemory(_begin + sizeof(int), (int)length);
        _begin += sizeof(int) + (int)length;
        return packet;
    }

    /// <summary>
    /// Returns the exception for an invalid packet; the usual reason is a login script that prints something.
    /// </summary>
    private async Task<SftpViolation> NoPacketAsync()
    {
        const int shown = 40;
        if (_number > 0) return new SftpViolation("a packet has a length that none may have");
        while (_end - _begin < shown)
        {
            try
            {
                await FillAsync(_end - _begin + 1);
            }
            catch (Exception ended) when (ended is IOException or ResticException)
            {
                break;
            }
        }
        var text = Encoding.UTF8.GetString(_received.AsSpan(_begin, Math.Min(shown, _end - _begin)));
        var plain = string.Concat(text.Select(letter => char.IsControl(letter) || letter == '\uFFFD' ? ' ' : letter)).Trim();
        return new SftpViolation($"before its greeting it sent '{plain}', which a file that the shell reads at login may print");
    }

    private async ValueTask FillAsync(int wanted)
    {
        if (_end - _begin >= wanted) return;
        _received.AsSpan(_begin, _end - _begin).CopyTo(_received);
        (_begin, _end) = (0, _end - _begin);
        if (_received.Length < wanted) Array.Resize(ref _received, wanted);
        while (_end < wanted)
        {
            var count = await _stream.ReadAsync(_received.AsMemory(_end), Watch.Token).AsTask().WaitAsync(Watch.Token);
            if (count == 0) throw new EndOfStreamException("the connection has ended");
            Watch.Progress(count);
            _end += count;
        }
    }
}
