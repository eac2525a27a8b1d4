"""The installed package with numpy arrays and PIL images, which must give the captions of the same picture's file."""

import io
import os
import pathlib
import unittest

import numpy
from PIL import Image

import sharpeye

SOURCE = pathlib.Path(os.environ["SHARPEYE_SOURCE"])
TINY = SOURCE / "tests/fixtures/models/mmser_self_attention_tiny"


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


class OnlyDlpack:
    """An array of another library: what numpy's has, without the buffer protocol."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Arrays(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.captioner = sharpeye.Captioner(TINY, threads=1)
        cls.rgb = numpy.random.default_rng(5).integers(0, 256, (23, 31, 3), dtype=numpy.uint8)

    def ids(self, image, **options):
        caption = self.captioner(image, **options)
        return caption.initial_ids, caption.refined_ids

    def test_attention_is_an_array(self):
        for one in self.captioner(self.rgb, attention=True).attention:
            values = numpy.asarray(one.values)
            self.assertEqual((values.dtype, values.shape), (numpy.float32, one.values.shape))
            numpy.testing.assert_allclose(values.sum(-1), 1, atol=1e-5)
            self.assertGreater(sum(width * height for left, top, width, height in one.boxes), 0)

    def test_channels(self):
        expected = self.ids(encoded(Image.fromarray(self.rgb), "PNG"))
        alpha = numpy.full((23, 31, 1), 9, numpy.uint8)
        self.assertEqual(self.ids(self.rgb), expected)
        self.assertEqual(self.ids(self.rgb[:, :, ::-1].copy(), order="BGR"), expected)
        self.assertEqual(self.ids(numpy.concatenate([self.rgb, alpha], 2)), expected)
        self.assertEqual(self.ids(numpy.concatenate([self.rgb[:, :, ::-1], alpha], 2), order="BGR"), expected)
        self.assertNotEqual(self.ids(self.rgb, order="BGR"), expected)
        grey = self.rgb[:, :, 0]
        of_grey = self.ids(encoded(Image.fromarray(grey.copy()), "PNG"))
        self.assertEqual(self.ids(grey), of_grey)
        self.assertEqual(self.ids(grey[:, :, None]), of_grey)

    def test_strides(self):
        wide = numpy.zeros((46, 62, 4), numpy.uint8)
        wide[::2, ::2, :3] = self.rgb
        for view, same in ((wide[::2, ::2, :3], self.rgb), (wide[::2, :31, :3], wide[::2, :31, :3].copy()),
                           (self.rgb[::-1], self.rgb[::-1].copy()), (self.rgb[:, ::-1], self.rgb[:, ::-1].copy()),
                           (self.rgb[3:20, 4:25], self.rgb[3:20, 4:25].copy()), (self.rgb[:1], self.rgb[:1].copy()),
                           (self.rgb[:, :1], self.rgb[:, :1].copy()), (numpy.asfortranarray(self.rgb), self.rgb),
                           (self.rgb.transpose(1, 0, 2), self.rgb.transpose(1, 0, 2).copy()),
                           (numpy.broadcast_to(self.rgb[:1], (9, 31, 3)), numpy.repeat(self.rgb[:1], 9, 0)),
                           (self.rgb[:, :, ::-1], self.rgb[:, :, ::-1].copy()), (OnlyDlpack(self.rgb), self.rgb)):
            self.assertEqual(self.ids(view), self.ids(encoded(Image.fromarray(same.copy()), "PNG")))

    def test_what_is_no_picture(self):
        read_only = self.rgb.copy()
        read_only.flags.writeable = False
        self.assertEqual(self.ids(read_only), self.ids(self.rgb))
        for array, error, text in ((self.rgb / 255, TypeError, "8-bit"), (self.rgb.astype(numpy.int8), TypeError, "8-bit"),
                                   (self.rgb.transpose(2, 0, 1), ValueError, r"actual \[3, 23, 31\]"),
                                   (self.rgb[None], ValueError, r"actual \[1, 23, 31, 3\]"),
                                   (self.rgb[:0], ValueError, "actual none"), (self.rgb[:, :, :2], ValueError, "31, 2"),
                                   (numpy.zeros((0, 0, 3), numpy.uint8), ValueError, "actual none"),
                                   (numpy.uint8(3), (TypeError, ValueError), ""),
                                   (numpy.zeros((65537, 1), numpy.uint8), ValueError, "65536")):
            with self.subTest(text=text), self.assertRaisesRegex(error, text):
                self.captioner(array)

    def test_pillow(self):
        picture = Image.fromarray(self.rgb)
        for mode in ("RGB", "L", "RGBA", "P", "LA", "CMYK", "1"):
            with self.subTest(mode=mode):
                converted = picture.convert(mode)
                expected = self.ids(numpy.asarray(converted.convert("RGB")))
                self.assertEqual(self.ids(converted), expected)
        self.assertEqual(self.ids(Image.open(TINY / "image.png")), self.ids(TINY / "image.png"))

    def test_pillow_images_are_turned_as_their_files(self):
        picture = Image.fromarray(self.rgb)
        seen = set()
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[0x0112] = orientation
            data = encoded(picture, "PNG", exif=exif)
            self.assertEqual(self.ids(Image.open(io.BytesIO(data))), self.ids(data))
            seen.add(self.ids(data))
        self.assertGreater(len(seen), 4)


if __name__ == "__main__":
    unittest.main()
