using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Holdfast.Testing;

namespace Holdfast.ServerTests.Search;

/// <summary>
/// A real nginx before an engine, with TLS by a private authority, as administrators put one there. It takes requests of 1 MiB at most, which is
/// its default.
/// </summary>
internal sealed class SearchProxy : IDisposable
{
    private readonly TempFolder _folder = new();
    private Process? _nginx;

    private SearchProxy()
    {
    }

    public string Url { get; private set; } = "";

    /// <summary>The certificate of the authority.</summary>
    public string Authority => _folder["ca.pem"];

    public static async Task<SearchProxy> StartAsync(SearchEngine engine)
    {
        Require.Program("nginx");
        Require.Program("openssl");
        var proxy = new SearchProxy();
        var port = FreePort.Next();
        proxy.Url = $"https://localhost:{port}";
        (await Command.BashAsync("""
            cd "$1"
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=An authority of its own' -keyout ca.key -out ca.pem
            openssl req -newkey rsa:2048 -nodes -subj /CN=search -keyout server.key -out server.csr
            openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem -extfile <(echo subjectAltName=DNS:localhost)
            """, proxy._folder.Path)).Succeeded();
        File.WriteAllText(proxy._folder["nginx.conf"], $$"""
            {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
            daemon off; pid {{proxy._folder["pid"]}}; error_log {{proxy._folder["error.log"]}};
            events { }
            http {
              access_log off; client_body_temp_path {{proxy._folder["body"]}}; proxy_temp_path {{proxy._folder["proxy"]}};
              fastcgi_temp_path {{proxy._folder["fastcgi"]}}; uwsgi_temp_path {{proxy._folder["uwsgi"]}}; scgi_temp_path {{proxy._folder["scgi"]}};
              server {
                listen 127.0.0.1:{{port}} ssl; ssl_certificate {{proxy._folder["server.pem"]}}; ssl_certificate_key {{proxy._folder["server.key"]}};
                location / { proxy_pass {{engine.Url}}; }
              }
            }
            """);
        proxy._nginx = Command.Start("nginx", ["-c", proxy._folder["nginx.conf"], "-e", proxy._folder["error.log"]]);
        await Eventually.HoldsAsync("nginx listens", async () =>
        {
            if (proxy._nginx.HasExited) throw new InvalidOperationException($"nginx did not start: {await File.ReadAllTextAsync(proxy._folder["error.log"])}");
            return await IsListeningAsync(port);
        });
        return proxy;
    }

    public void Dispose()
    {
        if (_nginx is { HasExited: false }) _nginx.Kill(entireProcessTree: true);
        _nginx?.WaitForExit();
        _nginx?.Dispose();
        _folder.Dispose();
    }

    private static async Task<bool> IsListeningAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
