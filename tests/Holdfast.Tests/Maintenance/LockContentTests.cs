using System.Text;
using Holdfast.Restic.Maintenance;
using Xunit;

namespace Holdfast.Tests.Maintenance;

public sealed class LockContentTests
{
    private const string OfRestic =
        """{"time":"2026-11-22T21:03:04.123456789+01:00","exclusive":true,"hostname":"web1.example.org","username":"root","pid":4242,"uid":7,"gid":8}""";

    [Fact]
    public void A_lock_of_restic_is_read_and_written_again_byte_for_byte() =>
        Assert.Equal(OfRestic, Encoding.UTF8.GetString(LockContent.Decode(Encoding.UTF8.GetBytes(OfRestic)).Encode()));

    [Fact]
    public void Numbers_of_root_are_left_out() =>
        Assert.Equal(
            """{"time":"1970-01-01T00:00:00Z","exclusive":false,"hostname":"h","username":"root","pid":1}""",
            Encoding.UTF8.GetString(new LockContent { Time = default, Exclusive = false, Hostname = "h", Username = "root", Pid = 1 }.Encode()));

    [Fact]
    public void A_lock_of_this_process_names_this_process()
    {
        var content = LockContent.OfThisProcess(LockKind.Exclusive, TimeProvider.System);
        Assert.Equal(Environment.ProcessId, content.Pid);
        Assert.Equal(Environment.UserName, content.Username);
        Assert.StartsWith(Environment.MachineName, content.Hostname, StringComparison.Ordinal);
        Assert.True(content.Exclusive);
        Assert.Equal(content, LockContent.Decode(content.Encode()));
        Assert.NotEqual("", content.Process.Boot);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"time\":\"2026-11-22T21:03")]
    public void What_is_no_lock_is_no_lock(string text) =>
        Assert.ThrowsAny<Exception>(() => LockContent.Decode(Encoding.UTF8.GetBytes(text)));
}
