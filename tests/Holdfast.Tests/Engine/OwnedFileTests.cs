using Holdfast.Engine.Hosts;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class OwnedFileTests
{
    [Fact]
    public void What_is_not_there_is_told_from_what_may_not_be_opened()
    {
        using var folder = new TempFolder();
        Assert.Throws<FileNotFoundException>(() => OwnedFile.Open(folder["gone"]));
        File.CreateSymbolicLink(folder["link"], "/etc/passwd");
        Assert.Throws<IOException>(() => OwnedFile.Open(folder["link"]));
    }
}
