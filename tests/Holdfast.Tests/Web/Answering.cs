using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Holdfast.Tests.Web;

/// <summary>A listener on the loopback that answers each connection in one way.</summary>
internal sealed class Answering : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private Task _work = Task.CompletedTask;

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public static Answering Begin(Func<Stream, Task> answer, X509Certificate2? certificate = null, Action<string>? see = null)
    {
        var server = new Answering();
        server._listener.Start();
        server._work = server.ServeAsync(answer, certificate, see);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _work;
        _end.Dispose();
    }

    private async Task ServeAsync(Func<Stream, Task> answer, X509Certificate2? certificate, Action<string>? see)
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(_end.Token);
                await using Stream stream = certificate is null ? client.GetStream() : new SslStream(client.GetStream());
                if (stream is SslStream secured) await secured.AuthenticateAsServerAsync(certificate!);
                var request = new byte[16 << 10];
                var length = await stream.ReadAsync(request, _end.Token);
                see?.Invoke(Encoding.ASCII.GetString(request, 0, length));
                await answer(stream);
            }
            catch (Exception gone) when (gone is IOException or OperationCanceledException or SocketException or AuthenticationException or ObjectDisposedException)
            {
                // The other side has had enough, which is what is tested.
            }
        }
    }
}
