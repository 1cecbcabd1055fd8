using System.Net.Sockets;
using Holdfast.Engine.Serving;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class ServeLoopTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_end_waits_for_those_who_have_asked_and_leaves_those_who_have_not()
    {
        using var folder = new TempFolder();
        using var socket = ServeSocket.Listen(folder["serve.sock"], null);
        using var end = new CancellationTokenSource();
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<ServeAnswer>());
        var serving = new ServeLoop(socket, (_, _, _) =>
        {
            asked.SetResult();
            return answer.Task;
        }).RunAsync(end.Token, CancellationToken.None);
        using var idle = await ConnectAsync(socket.Path);
        using var begun = await ConnectAsync(socket.Path);
        await begun.SendAsync(new byte[] { 1 }); // not even the length of a request
        using var busy = ServeClient.Connect(socket.Path, _patience);
        var asking = Task.Run(() => busy.Ask("push", "", "/x"), TestContext.Current.CancellationToken);
        await asked.Task.WaitAsync(_patience, TestContext.Current.CancellationToken);

        await end.CancelAsync();
        Assert.Equal(0, await ReceiveAsync(idle));
        Assert.Equal(0, await ReceiveAsync(begun));
        Assert.False(serving.IsCompleted);
        answer.SetResult(new ServeAnswer { IsThere = false });
        Assert.False((await asking).IsThere);
        await serving.WaitAsync(_patience, TestContext.Current.CancellationToken);
    }

    private static async Task<Socket> ConnectAsync(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), TestContext.Current.CancellationToken);
        return socket;
    }

    /// <summary>Nothing at the end of the connection.</summary>
    private static async Task<int> ReceiveAsync(Socket socket) =>
        await socket.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken).AsTask().WaitAsync(_patience, TestContext.Current.CancellationToken);
}
