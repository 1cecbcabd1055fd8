using System.Runtime.InteropServices;

namespace Holdfast.Restic.Packs;

/// <summary>libzstd's stable interface, present on every Rocky and Debian. Source: zstd.h of 1.4 and later.</summary>
internal static unsafe partial class ZstdNative
{
    private const string Library = "libzstd.so.1";

    public static bool IsAvailable { get; } = NativeLibrary.TryLoad(Library, out _);

    [LibraryImport(Library)] public static partial nint ZSTD_createCCtx();
    [LibraryImport(Library)] public static partial nuint ZSTD_freeCCtx(nint context);
    [LibraryImport(Library)] public static partial nuint ZSTD_compressCCtx(nint context, byte* target, nuint capacity, byte* source, nuint length, int level);
    [LibraryImport(Library)] public static partial nint ZSTD_createDCtx();
    [LibraryImport(Library)] public static partial nuint ZSTD_freeDCtx(nint context);
    [LibraryImport(Library)] public static partial nuint ZSTD_decompressDCtx(nint context, byte* target, nuint capacity, byte* source, nuint length);
    [LibraryImport(Library)] public static partial uint ZSTD_isError(nuint result);
    [LibraryImport(Library)] public static partial int ZSTD_getErrorCode(nuint result);
}
