using System.Net.Sockets;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Serving;

/// <summary>
/// Sends requests to the service, on the calling thread alone: archive_command starts a process for each segment, so a
/// request must be cheap.
/// </summary>
public sealed class ServeClient : IDisposable
{
    private readonly Socket _socket;
    private readonly string _path;

    private ServeClient(Socket socket, string path) => (_socket, _path) = (socket, path);

    /// <summary>$HOLDFAST_SOCKET, else /run/holdfast/serve.sock.</summary>
    public static string DefaultSocket(Func<string, string?> environment) => environment("HOLDFAST_SOCKET") is { Length: > 0 } path ? path : "/run/holdfast/serve.sock";

    /// <param name="path">The service's socket.</param>
    /// <param name="patience">The time limit for an answer.</param>
    /// <exception cref="ProblemException">No service responds at the socket, or this user may not connect.</exception>
    public static ServeClient Connect(string path, TimeSpan patience)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)patience.TotalMilliseconds, SendTimeout = (int)patience.TotalMilliseconds };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new ServeClient(socket, path);
        }
        catch (Exception refused) when (refused is SocketException or ArgumentException)
        {
            socket.Dispose();
            throw Catalogue.ServeAway.Throwable($"The service does not answer at {path}: {(refused is SocketException failure ? UnixSocket.Explain(path, failure) : refused.Message.TrimEnd('.'))}.", refused);
        }
    }

    /// <summary>Sends one request and waits for its answer.</summary>
    public ServeAnswer Ask(params IEnumerable<string> words)
    {
        Guard(() =>
        {
            var frame = ServeFrame.Write(words);
            for (var sent = 0; sent < frame.Length;) sent += _socket.Send(frame.AsSpan(sent));
        });
        var head = new byte[ServeFrame.Head];
        Fill(head);
        var body = new byte[ServeFrame.Length(head)];
        Fill(body);
        return ServeAnswer.Decode(ServeFrame.Words(body));
    }

    /// <summary>Fills a buffer with the content that follows an answer.</summary>
    /// <exception cref="ProblemException">The service closed the connection before the end.</exception>
    public void Fill(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int count;
            try
            {
                count = _socket.Receive(buffer);
            }
            catch (SocketException gone)
            {
                throw Gone(gone);
            }
            if (count == 0) throw Gone(null);
            buffer = buffer[count..];
        }
    }

    public void Dispose() => _socket.Dispose();

    private void Guard(Action act)
    {
        try
        {
            act();
        }
        catch (SocketException gone)
        {
            throw Gone(gone);
        }
    }

    private ProblemException Gone(SocketException? why) =>
        Catalogue.ServeAway.Throwable($"The service at {_path} went away before it had answered{(why is null ? "" : $": {why.Message.TrimEnd('.')}")}.", why);
}
