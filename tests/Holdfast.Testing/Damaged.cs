namespace Holdfast.Testing;

/// <summary>Does to a file of a repository what a bad disk does; such files may not be written, so another one takes the place.</summary>
public static class Damaged
{
    /// <summary>Cuts the file after so many bytes.</summary>
    public static void Truncate(string path, int bytes) => Replace(path, whole => whole[..bytes]);

    /// <summary>Flips one bit in the middle.</summary>
    public static void Flip(string path) => Replace(path, whole =>
    {
        whole[whole.Length / 2] ^= 0x10;
        return whole;
    });

    private static void Replace(string path, Func<byte[], byte[]> change)
    {
        var bytes = change(File.ReadAllBytes(path));
        File.Delete(path);
        File.WriteAllBytes(path, bytes);
    }
}
