namespace Holdfast.Testing;

/// <summary>A file system of 64 KiB, which is soon full. It needs root.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly TempFolder _folder = new();

    public SmallDisk()
    {
        Require.Root();
        Run("mount", "-t", "tmpfs", "-o", $"size={Size},mode=0700", "none", Path);
    }

    /// <summary>Its size in bytes.</summary>
    public int Size => 64 << 10;

    /// <summary>Where it is mounted.</summary>
    public string Path => _folder.Path;

    /// <summary>Takes all the room that is left.</summary>
    public void Fill() => File.WriteAllBytes(System.IO.Path.Combine(Path, "filler"), new byte[Size]);

    /// <inheritdoc/>
    public void Dispose()
    {
        Run("umount", "--lazy", Path);
        _folder.Dispose();
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Command.Start(program, arguments);
        process.WaitForExit();
        Require.That(process.ExitCode == 0, $"'{program}' is not possible here.");
    }
}
